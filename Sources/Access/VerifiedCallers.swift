// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
import Synchronization

/// Verifies the callers of HTTP calls: who signs with an access key of the host, and who shows a token.
public final class VerifiedCallers: CallAuthentication {
    /// Sets whose keys are kept ready; what is more is read anew.
    private static let keptSets = 256

    private let authority: AccessAuthority
    private let now: @Sendable () -> Timestamp
    private let sets = Mutex<[JSONValue: TokenKeys]>([:])

    public init(_ authority: AccessAuthority, now: @escaping @Sendable () -> Timestamp) {
        self.authority = authority
        self.now = now
    }

    public func refusal(of rule: CallerRule) async -> String? {
        switch rule {
        case .anonymous: return nil
        case .signature:
            return authority.hasKeys
                ? nil : "this host has no access key to verify a signature with; make one with `swiftlet key create`, or use anonymous"
        case .token(let rule):
            do throws(ServiceError) { _ = try await keys(rule.keys) } catch { return error.message }
            return nil
        }
    }

    public func verify(_ call: PresentedCall, by rule: CallerRule) async throws(ServiceError) -> [PassedClaim] {
        switch rule {
        case .anonymous: return []
        case .signature:
            let head = SignedHead(method: call.method, target: call.target, headers: call.headers)
            try authority.verifyTrigger(head).require(.invoke, function: call.function)
            return []
        case .token(let rule):
            guard rule.asks(for: call.path) else { return [] }
            let shown = ShownCall(call)
            guard let token = rule.lookups.lazy.compactMap(shown.token).first else {
                throw Self.denied("the jwt token is missing: it is looked for at \(rule.lookups.map(\.words).joined(separator: ", "))")
            }
            let claims: [String: JSONValue]
            do { claims = try await keys(rule.keys).claims(of: token, at: now()) } catch let fault as TokenFault {
                throw Self.denied("invalid or expired jwt: \(fault.words)")
            } catch let error as ServiceError {
                throw error
            } catch {
                throw Self.denied("invalid or expired jwt")
            }
            return rule.mappings.compactMap { mapping in
                claims[mapping.claim].map { PassedClaim(place: mapping.place, name: mapping.name, value: $0.string ?? $0.text) }
            }
        }
    }

    private func keys(_ set: JSONValue) async throws(ServiceError) -> TokenKeys {
        if let known = sets.withLock({ $0[set] }) { return known }
        let new = try await TokenKeys(set)
        sets.withLock { sets in
            if sets.count >= Self.keptSets { sets.removeAll() }
            sets[set] = new
        }
        return new
    }

    private static func denied(_ message: String) -> ServiceError { ServiceError(status: 403, code: "AccessDenied", message: message) }
}

extension TokenRule.Lookup {
    fileprivate var words: String { "\(place.rawValue):\(name)" + (prefix.isEmpty ? "" : ":\(prefix)") }
}

/// A call, as a token is looked for in it.
private struct ShownCall {
    private let call: PresentedCall
    private let query: Substring

    init(_ call: PresentedCall) {
        self.call = call
        query = call.target[(call.target.firstIndex(of: "?") ?? call.target.endIndex)...].dropFirst()
    }

    func token(_ lookup: TokenRule.Lookup) -> String? {
        switch lookup.place {
        case .header:
            let value = call.headers.first { $0.name.lowercased() == lookup.name.lowercased() }?.value
            guard let value, !lookup.prefix.isEmpty else { return value }
            guard value.lowercased().hasPrefix(lookup.prefix.lowercased() + " ") else { return nil }
            return String(value.dropFirst(lookup.prefix.count + 1).drop { $0 == " " })
        case .cookie:
            let pairs = call.headers.filter { $0.name.lowercased() == "cookie" }.flatMap { $0.value.split(separator: ";") }
            return Self.value(of: lookup.name, in: pairs.map { $0.drop { $0 == " " } })
        case .query: return Self.value(of: lookup.name, in: query.split(separator: "&"))
        }
    }

    /// A token has no character that would be encoded.
    private static func value(of name: String, in pairs: [Substring]) -> String? {
        for pair in pairs {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2, parts[0] == name { return String(parts[1]) }
        }
        return nil
    }
}
