// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import NIOCore

/// The login of one pull at one server: answers challenges, and keeps the answer as long as it is good. It is gone with the pull.
///
/// Sources: distribution specification 1.1; distribution, "Token Authentication Specification".
actor Authorizer {
    enum Rejection: Error {
        /// Nothing is left to try.
        case refused
        /// The token server answered so.
        case tokenServer(name: String, status: UInt)
        case invalid(String)
    }

    let known: KnownCredentials?
    private let endpoint: RegistryEndpoint
    private let scope: String
    private let now: @Sendable () -> Int64
    /// Sends a GET, or a POST with a form, and gives status and body.
    private let exchange: @Sendable (URL, _ form: String?, _ authorization: String?) async throws -> (status: UInt, body: [UInt8])
    private var header: String?
    /// Milliseconds of Unix time.
    private var expires = Int64.max
    private var renewal: Task<String, any Error>?

    init(
        endpoint: RegistryEndpoint, repository: String, known: KnownCredentials?, now: @escaping @Sendable () -> Int64,
        exchange: @escaping @Sendable (URL, String?, String?) async throws -> (status: UInt, body: [UInt8])
    ) {
        self.endpoint = endpoint
        self.known = known
        self.now = now
        self.exchange = exchange
        scope = "repository:\(repository):pull"
    }

    /// For errors.
    nonisolated var words: String { known.map { "as \($0.words)" } ?? "without a login" }

    /// What goes into the header `Authorization` now; nil before the first challenge, and when a token has run out.
    func current() -> String? { now() < expires ? header : nil }

    /// Answers a 401.
    ///
    /// - Parameter rejected: what the request had carried.
    /// - Throws: ``Rejection``.
    func answer(_ challenges: [AuthenticationChallenge], rejected: String?) async throws -> String {
        // Another request of this pull may have got a new one meanwhile.
        if let current = current(), current != rejected { return current }
        if let renewal { return try await renewal.value }
        let task = Task { try await obtain(challenges, rejected: rejected) }
        renewal = task
        defer { renewal = nil }
        return try await task.value
    }

    private func obtain(_ challenges: [AuthenticationChallenge], rejected: String?) async throws -> String {
        if let bearer = challenges.first(where: { $0.scheme == "bearer" }) {
            // A token that came with this very challenge and is refused will not get better.
            if rejected?.hasPrefix("Bearer ") == true, now() < expires - 5000, header == rejected { throw Rejection.refused }
            return try await token(bearer)
        }
        guard challenges.contains(where: { $0.scheme == "basic" }), rejected == nil else { throw Rejection.refused }
        guard case .password(let user, let secret)? = known?.credentials else { throw Rejection.refused }
        let basic = Self.basic(user, secret)
        header = basic
        return basic
    }

    private func token(_ challenge: AuthenticationChallenge) async throws -> String {
        guard let realm = challenge.parameters["realm"].flatMap({ URLComponents(string: $0) }), let server = realm.host,
            realm.scheme == "https" || (realm.scheme == "http" && endpoint.security != .verified)
        else {
            throw Rejection.invalid(
                "it sends to a token server at '\(printable(challenge.parameters["realm"] ?? ""))', which is no https address")
        }
        let wanted = challenge.parameters["scope"] ?? scope
        let (status, body): (UInt, [UInt8])
        if case .identityToken(let secret)? = known?.credentials {
            var fields = [("grant_type", "refresh_token"), ("client_id", "swiftlet"), ("scope", wanted), ("refresh_token", secret.text)]
            if let service = challenge.parameters["service"] { fields.append(("service", service)) }
            guard let url = realm.url else { throw Rejection.invalid("its token server has no address") }
            (status, body) = try await exchange(url, Self.form(fields), nil)
        } else {
            var url = realm
            var items = url.queryItems ?? []
            if let service = challenge.parameters["service"] { items.append(URLQueryItem(name: "service", value: service)) }
            items += wanted.split(separator: " ").map { URLQueryItem(name: "scope", value: String($0)) }
            var basic: String?
            if case .password(let user, let secret)? = known?.credentials {
                items.append(URLQueryItem(name: "account", value: user))
                basic = Self.basic(user, secret)
            }
            url.queryItems = items
            guard let address = url.url else { throw Rejection.invalid("its token server has no address") }
            (status, body) = try await exchange(address, nil, basic)
        }
        guard status == 200 else { throw Rejection.tokenServer(name: server, status: status) }
        let value: JSONValue?
        do { value = try JSONValue(parsing: body) } catch { value = nil }
        guard let members = value?.object, let token = members["token"]?.string ?? members["access_token"]?.string, !token.isEmpty,
            token.utf8.allSatisfy({ (33...126).contains($0) })
        else { throw Rejection.invalid("the token server \(printable(server)) sent no token") }
        // Used up a little earlier, so that none runs out on its way. The specification's default is 60 seconds.
        let lifetime = Int64(max(10, min(members["expires_in"]?.integer ?? 60, 86400)))
        expires = now() + lifetime * 900
        header = "Bearer \(token)"
        return "Bearer \(token)"
    }

    private static func basic(_ user: String, _ secret: Secret) -> String {
        "Basic " + Data("\(user):\(secret.text)".utf8).base64EncodedString()
    }

    private static func form(_ fields: [(String, String)]) -> String {
        let allowed = CharacterSet(charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
        return fields.map { "\($0.0)=\($0.1.addingPercentEncoding(withAllowedCharacters: allowed) ?? "")" }.joined(separator: "&")
    }
}
