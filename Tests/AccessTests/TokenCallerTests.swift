// SPDX-License-Identifier: Apache-2.0
import Access
import Crypto
import Foundation
import FunctionModel
import TarFixtures
import Testing

/// Callers who show a JSON Web Token.
@Suite struct TokenCallerTests {
    private static let secret = [UInt8](repeating: 7, count: 32)
    private static let curveKey = P256.Signing.PrivateKey()
    private static let now: Int64 = 1_800_000_000

    private static func base64URL(_ bytes: some Sequence<UInt8>) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    private static var keySet: JSONValue {
        let point = curveKey.publicKey.x963Representation
        return [
            "keys": [
                ["kty": "oct", "kid": "h", "alg": "HS256", "k": .string(base64URL(secret))],
                [
                    "kty": "EC", "kid": "e", "crv": "P-256", "use": "sig", "x": .string(base64URL(point[1..<33])),
                    "y": .string(base64URL(point[33...])),
                ],
            ]
        ]
    }

    private static func rule(_ more: [String: JSONValue] = [:]) throws -> CallerRule {
        let members: [String: JSONValue] = [
            "jwks": keySet, "tokenLookup": "header:Authorization:Bearer,cookie:token,query:t",
            "claimPassBy": "header:sub:X-User,query:n:number",
        ]
        let configuration: JSONValue = [
            "authType": "jwt", "methods": ["GET"], "authConfig": .string(JSONValue.object(members.merging(more) { $1 }).text),
        ]
        let trigger = try FunctionTrigger(creating: [
            "triggerName": "t", "triggerType": "http", "triggerConfig": .string(configuration.text),
        ])
        guard case .http(let http) = trigger.kind else { preconditionFailure("it is an HTTP trigger") }
        return http.callers
    }

    private static func token(_ header: String, _ claims: String, sign: (String) throws -> [UInt8]) rethrows -> String {
        let content = "\(base64URL(header.utf8)).\(base64URL(claims.utf8))"
        return "\(content).\(base64URL(try sign(content)))"
    }

    private static func withSecret(_ text: String) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: SymmetricKey(data: secret)))
    }

    private static func withCurve(_ text: String) throws -> [UInt8] {
        Array(try curveKey.signature(for: Data(text.utf8)).rawRepresentation)
    }

    private static func callers() throws -> VerifiedCallers {
        let scratch = try Scratch()
        defer { withExtendedLifetime(scratch) {} }
        let authority = AccessAuthority(.withKeys, box: try SecretBox(folder: scratch.path)) { Timestamp(milliseconds: now * 1000) }
        return VerifiedCallers(authority) { Timestamp(milliseconds: now * 1000) }
    }

    private func verify(
        _ headers: [(String, String)], target: String = "/", _ rule: CallerRule? = nil
    ) async throws -> [PassedClaim] {
        let callers = try Self.callers()
        let call = PresentedCall(
            method: "GET", target: target, path: String(target.prefix { $0 != "?" }), headers: headers.map { (name: $0.0, value: $0.1) },
            function: "f", qualifier: "LATEST")
        return try await callers.verify(call, by: try rule ?? Self.rule())
    }

    @Test func `a token by a key of the set passes, wherever it is shown, and its claims go on`() async throws {
        let claims = #"{"sub":"ann","n":7,"exp":\#(Self.now + 1),"nbf":\#(Self.now)}"#
        let expected = [
            PassedClaim(place: .header, name: "X-User", value: "ann"), PassedClaim(place: .query, name: "number", value: "7"),
        ]
        let hashed = Self.token(#"{"alg":"HS256","kid":"h"}"#, claims, sign: Self.withSecret)
        #expect(try await verify([("authorization", "bearer \(hashed)")]) == expected)
        #expect(try await verify([("Cookie", "a=b; token=\(hashed)")]) == expected)
        #expect(try await verify([], target: "/x?a=b&t=\(hashed)") == expected)
        let signed = try Self.token(#"{"alg":"ES256"}"#, claims, sign: Self.withCurve)
        #expect(try await verify([("Authorization", "Bearer \(signed)")]) == expected)
    }

    @Test func `a key with its private part is refused: it would be told to everyone who may read the trigger`() async throws {
        var key = Self.keySet.object?["keys"]?.array?.last?.object ?? [:]
        key["d"] = .string("hush")
        let refusal = await Self.refusal(of: ["keys": [.object(key)]])
        #expect(refusal?.contains("jwks.keys[0] has its private part, d") == true && refusal?.contains("hush") == false, "\(refusal ?? "")")
        key["d"] = nil
        #expect(await Self.refusal(of: ["keys": [.object(key)]]) == nil)
    }

    private static func refusal(of keys: JSONValue) async -> String? {
        do { return try await callers().refusal(of: try rule(["jwks": keys])) } catch { return "\(error)" }
    }

    @Test(
        "whatever else is shown is refused",
        arguments: [
            ("none", "the jwt token is missing"),
            ("basic", "the jwt token is missing"),
            ("unsigned", "no key of the set fits its alg 'none'"),
            ("confused", "its signature is not by a key of the set"),
            ("tampered", "its signature is not by a key of the set"),
            ("otherKid", "no key of the set fits its alg 'HS256' and kid 'x'"),
            ("expired", "it has expired"),
            ("early", "it is not valid yet"),
            ("critical", "it is no signed JSON Web Token"),
            ("garbage", "it is no signed JSON Web Token"),
        ])
    func refused(kind: String, words: String) async throws {
        let claims = #"{"sub":"ann"}"#
        let good = Self.token(#"{"alg":"HS256"}"#, claims, sign: Self.withSecret)
        let shown: String =
            switch kind {
            case "none": ""
            case "basic": "Basic YTpi"
            case "unsigned": "Bearer " + Self.token(#"{"alg":"none"}"#, claims) { _ in [] }
            // The public key of the curve as the secret of a hash: a verifier that believes the token's own alg takes it.
            case "confused":
                "Bearer "
                    + Self.token(#"{"alg":"HS256","kid":"h"}"#, claims) {
                        Array(
                            HMAC<SHA256>.authenticationCode(
                                for: Data($0.utf8), using: SymmetricKey(data: Self.curveKey.publicKey.x963Representation)))
                    }
            case "tampered": "Bearer " + good.replacing(Self.base64URL(claims.utf8), with: Self.base64URL(#"{"sub":"bob"}"#.utf8))
            case "otherKid": "Bearer " + Self.token(#"{"alg":"HS256","kid":"x"}"#, claims, sign: Self.withSecret)
            case "expired": "Bearer " + Self.token(#"{"alg":"HS256"}"#, #"{"exp":\#(Self.now)}"#, sign: Self.withSecret)
            case "early": "Bearer " + Self.token(#"{"alg":"HS256"}"#, #"{"nbf":\#(Self.now + 1)}"#, sign: Self.withSecret)
            case "critical": "Bearer " + Self.token(#"{"alg":"HS256","crit":["x"],"x":1}"#, claims, sign: Self.withSecret)
            default: "Bearer a.b"
            }
        let error = await #expect(throws: ServiceError.self) { try await verify(shown.isEmpty ? [] : [("Authorization", shown)]) }
        #expect(error?.status == 403 && error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test func `free paths need no token, however they are written only where they can mean nothing else`() async throws {
        let rule = try Self.rule(["whitelist": ["/login", "/public/*"]])
        for free in ["/login", "/login?x", "/public/", "/public/a/b"] { #expect(try await verify([], target: free, rule).isEmpty) }
        for guarded in [
            "/", "/login/", "/public/../admin", "/public/%2e%2e/admin", "/public//admin", "/public/./a", "/public/..;/x", "/public/..\\x",
        ] {
            await #expect(throws: ServiceError.self, "\(guarded)") { try await verify([], target: guarded, rule) }
        }
        let some = try Self.rule(["blacklist": ["/admin/*"]])
        #expect(try await verify([], target: "/", some).isEmpty)
        await #expect(throws: ServiceError.self) { try await verify([], target: "/admin/x", some) }
    }

    @Test(
        "a rule that cannot be kept is refused, with the field in the words",
        arguments: [
            (["tokenLookup": "form:token"], "tokenLookup"), (["tokenLookup": ""], "tokenLookup"),
            (["claimPassBy": "form:a:b"], "claimPassBy"),
            (["claimPassBy": "header:sub:Content-Length"], "claimPassBy"), (["claimPassBy": "header:sub:x-fc-request-id"], "claimPassBy"),
            (["whitelist": ["/a"], "blacklist": ["/b"]], "exclude each other"), (["whitelist": ["a"]], "whitelist"),
            (["jwks": .null], "jwks"), (["other": true], "other"),
        ] as [([String: JSONValue], String)])
    func badRule(more: [String: JSONValue], words: String) {
        let error = #expect(throws: ServiceError.self) { try Self.rule(more) }
        #expect(error?.code == "InvalidArgument" && error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test(
        "a key that cannot be used is refused before the rule is kept",
        arguments: [
            ([], "1 to 16 keys"), ([["kty": "oct", "k": "c2hvcnQ"]], "at least 32 bytes"),
            ([["kty": "OKP", "crv": "Ed25519", "x": "AA"]], "OKP"),
            ([["kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"]], "P-256"),
            ([["kty": "RSA", "n": "AQAB", "e": "AQAB"]], "no usable key"),
            ([["kty": "oct", "alg": "RS256", "k": .string(base64URL(secret))]], "must be for HS256"),
            ([["kty": "oct", "use": "enc", "k": .string(base64URL(secret))]], "use must be sig"),
        ] as [([JSONValue], String)])
    func badKey(keys: [JSONValue], words: String) async throws {
        let callers = try Self.callers()
        let reason = await callers.refusal(of: try Self.rule(["jwks": ["keys": .array(keys)]]))
        #expect(reason?.contains(words) == true, "\(reason ?? "kept")")
    }
}
