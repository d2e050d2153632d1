// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import JWTKit

/// The keys of one JSON Web Key Set, each ready to verify tokens of its one algorithm.
///
/// The algorithm is the key's, never the token's own word (RFC 8725 §3.1): a token that names another one does not match the key.
struct TokenKeys: Sendable {
    private struct Key: Sendable {
        var identifier: String?
        var algorithm: String
        var verifier: JWTKeyCollection
    }

    /// What a signature vouches for before the claims are looked at.
    private struct Times: JWTPayload {
        var exp: ExpirationClaim?
        var nbf: NotBeforeClaim?

        // The times are compared by the host's clock, afterwards.
        func verify(using algorithm: some JWTAlgorithm) {}
    }

    static let limit = 16
    private static let leastSecret = 32

    private let keys: [Key]

    /// - Throws: ``ServiceError`` 400 `InvalidArgument` that names the key and what is wrong with it.
    init(_ set: JSONValue) async throws(ServiceError) {
        guard let members = set.object?["keys"]?.array, (1...Self.limit).contains(members.count) else {
            throw .invalidArgument("jwks.keys must be a list of 1 to \(Self.limit) keys")
        }
        var keys: [Key] = []
        for (index, member) in members.enumerated() { keys.append(try await Self.key(member.object ?? [:], "jwks.keys[\(index)]")) }
        self.keys = keys
    }

    private static func key(_ members: [String: JSONValue], _ name: String) async throws(ServiceError) -> Key {
        let verifier = JWTKeyCollection()
        func text(_ member: String) throws(ServiceError) -> String {
            guard let text = members[member]?.string, !text.isEmpty else { throw .invalidArgument("\(name) has no \(member)") }
            return text
        }
        if let use = members["use"]?.string, use != "sig" { throw .invalidArgument("\(name) is for '\(use)'; its use must be sig") }
        // Whoever may read the trigger or the domain reads the set.
        if members["d"] != nil { throw .invalidArgument("\(name) has its private part, d; give the public key alone, and make a new one") }
        let algorithm: String
        do {
            switch try text("kty") {
            case "RSA":
                algorithm = "RS256"
                let key = try Insecure.RSA.PublicKey(modulus: try text("n"), exponent: try text("e"))
                await verifier.add(rsa: key, digestAlgorithm: .sha256)
            case "EC":
                algorithm = "ES256"
                guard try text("crv") == "P-256" else { throw ServiceError.invalidArgument("\(name): its crv must be P-256") }
                await verifier.add(ecdsa: try ES256PublicKey(parameters: (x: try text("x"), y: try text("y"))))
            case "oct":
                algorithm = "HS256"
                guard let secret = base64URL(try text("k")), secret.count >= leastSecret else {
                    throw ServiceError.invalidArgument("\(name): k must be base64url of at least \(leastSecret) bytes (RFC 7518 §3.2)")
                }
                await verifier.add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256)
            case let other: throw ServiceError.invalidArgument("\(name) is of the kind '\(other)'; there are RSA, EC and oct")
            }
        } catch let error as ServiceError {
            throw error
        } catch {
            throw .invalidArgument("\(name) is no usable key: \(error)")
        }
        if let said = members["alg"]?.string, said != algorithm {
            throw .invalidArgument("\(name) is for '\(said)'; a key of this kind must be for \(algorithm)")
        }
        return Key(identifier: members["kid"]?.string, algorithm: algorithm, verifier: verifier)
    }

    /// The claims of a token that one of the keys has signed, and whose time it is.
    ///
    /// - Throws: ``TokenFault`` in words that help its owner, and nobody else.
    func claims(of token: String, at now: Timestamp) async throws(TokenFault) -> [String: JSONValue] {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, let header = Self.object(parts[0]), let claims = Self.object(parts[1]),
            let algorithm = header["alg"]?.string, header["crit"] == nil
        else { throw TokenFault("it is no signed JSON Web Token") }
        let identifier = header["kid"]?.string
        let candidates = keys.filter { key in
            key.algorithm == algorithm && (identifier == nil || key.identifier == nil || key.identifier == identifier)
        }
        guard !candidates.isEmpty else {
            throw TokenFault("no key of the set fits its alg '\(printable(algorithm))' and kid '\(printable(identifier ?? ""))'")
        }
        for key in candidates {
            let times: Times
            do { times = try await key.verifier.verify(token, as: Times.self) } catch { continue }
            let date = Date(timeIntervalSince1970: Double(now.milliseconds) / 1000)
            if let expiry = times.exp?.value, date >= expiry { throw TokenFault("it has expired") }
            if let start = times.nbf?.value, date < start { throw TokenFault("it is not valid yet") }
            return claims
        }
        throw TokenFault("its signature is not by a key of the set")
    }

    private static func object(_ part: String) -> [String: JSONValue]? {
        guard let bytes = base64URL(part) else { return nil }
        do { return try JSONValue(parsing: bytes).object } catch { return nil }
    }
}

/// Why a token does not count.
struct TokenFault: Error {
    var words: String

    init(_ words: String) { self.words = words }
}

/// Source: RFC 7515 §2, base64url without padding.
private func base64URL(_ text: String) -> [UInt8]? {
    guard text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "=") }) else { return nil }
    let plain = text.replacing("-", with: "+").replacing("_", with: "/")
    return Data(base64Encoded: plain + String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4)).map(Array.init)
}

private func printable(_ text: String) -> String { String(text.prefix(64).map { $0.isASCII && !$0.isWhitespace && $0 >= "!" ? $0 : "?" }) }
