// SPDX-License-Identifier: Apache-2.0
import Access
import FunctionModel
import TarFixtures
import Testing

/// Requests as the official SDK sends them, signed by `ak-test` with `sk-test`.
@Suite struct AuthorityTests {
    let scratch: Scratch
    let box: SecretBox
    init() throws {
        scratch = try Scratch()
        box = try SecretBox(folder: scratch.path)
    }

    private static let nonce = "07d6c0423a826b3db257a463b6f80932"
    /// Captured from the asyncio client, whose library encodes the path in another way after it was signed.
    private static let captured = SignedHead(
        method: "GET", target: "/2023-03-30/layerarn/acs:fc:cn-local:123:layers%2Fl1%2Fversions%2F1",
        headers: [
            ("host", "127.0.0.1:18081"), ("x-acs-version", "2023-03-30"), ("x-acs-action", "GetLayerVersionByArn"),
            ("user-agent", "AlibabaCloud (Linux; x86_64) Python/3.11.7 Core/0.4.3 TeaDSL/2"), ("x-acs-date", "2026-11-23T04:58:53Z"),
            ("x-acs-signature-nonce", nonce), ("accept", "application/json"),
            ("x-acs-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("x-acs-credentials-provider", "static_ak"),
            (
                "Authorization",
                "ACS3-HMAC-SHA256 Credential=ak-test,SignedHeaders=accept;host;user-agent;x-acs-action;x-acs-content-sha256;"
                    + "x-acs-credentials-provider;x-acs-date;x-acs-signature-nonce;x-acs-version,"
                    + "Signature=65db1349d4c7d2554ac7eb6068c280dd051bda1af7f261203a0fb547f6521f51"
            ),
        ])

    private func authority(
        at time: String = "2026-11-23T04:59:00Z", _ enforcement: AccessAuthority.Enforcement = .withKeys
    ) throws -> AccessAuthority {
        let now = try #require(Timestamp(rfc3339: time))
        let authority = AccessAuthority(enforcement, box: box) { now }
        authority.replace(
            keys: [AccessKey(id: "ak-test", secret: "sk-test", policy: AccessPolicy(actions: [.read]))],
            roles: ["caller": AccessPolicy(actions: [.invoke], functions: ["worker-*"])])
        return authority
    }

    private func code(_ authority: AccessAuthority, _ change: (inout SignedHead) -> Void) -> String? {
        var head = Self.captured
        change(&head)
        do {
            _ = try authority.verify(head)
            return nil
        } catch { return error.code }
    }

    private func set(_ head: inout SignedHead, _ name: String, _ value: String) {
        for index in head.headers.indices where head.headers[index].name.lowercased() == name { head.headers[index].value = value }
    }

    @Test func aRequestOfTheSDKIsVerifiedOnceAndOnlyOnce() throws {
        let authority = try authority()
        #expect(!authority.isOpen)
        let (caller, payload) = try authority.verify(Self.captured)
        #expect(caller.key == "ak-test" && caller.policy.actions == [.read])
        #expect(payload == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(code(authority) { _ in } == "AccessDenied")
    }

    @Test(
        "the date may be 15 minutes off, and no more",
        arguments: [
            ("2026-11-23T05:13:53Z", true), ("2026-11-23T05:13:54Z", false), ("2026-11-23T04:43:53Z", true),
            ("2026-11-23T04:43:52Z", false),
        ]) func skew(_ time: String, _ isIn: Bool) throws
    { #expect(code(try authority(at: time)) { _ in } == (isIn ? nil : "AccessDenied")) }

    @Test func whatIsChangedAfterSigningIsRefused() throws {
        let authority = try authority()
        #expect(code(authority) { $0.method = "DELETE" } == "SignatureNotMatch")
        #expect(code(authority) { $0.path += "2" } == "SignatureNotMatch")
        #expect(code(authority) { $0.query = "a=b" } == "SignatureNotMatch")
        for (name, value) in [("host", "other"), ("x-acs-action", "DeleteFunction"), ("x-acs-signature-nonce", "other"), ("accept", "*/*")]
        {
            #expect(code(authority) { set(&$0, name, value) } == "SignatureNotMatch", "\(name)")
        }
        #expect(code(authority) { $0.headers.append(("x-acs-date", "2026-11-23T04:58:53Z")) } == "SignatureNotMatch")
        #expect(code(authority) { $0.headers.removeAll { $0.name == "Authorization" } } == "MissingRequiredHeader")
        #expect(code(authority) { $0.headers.removeAll { $0.name == "x-acs-signature-nonce" } } == "MissingRequiredHeader")
        #expect(code(authority) { set(&$0, "authorization", "Basic YTpi") } == "SignatureNotMatch")
        #expect(code(authority) { set(&$0, "x-acs-content-sha256", "UNSIGNED-PAYLOAD") } == "SignatureNotMatch")
        // None of these has used the nonce up.
        #expect(code(authority) { _ in } == nil)
    }

    @Test("a host is open as long as there is no key, where it may be") func open() throws {
        for (enforcement, open) in [(AccessAuthority.Enforcement.never, true), (.withKeys, true), (.always, false)] {
            let authority = try authority(enforcement)
            authority.replace(keys: [], roles: [:])
            #expect(authority.isOpen == open)
            #expect(code(authority) { $0.headers = [] } == (open ? nil : "MissingRequiredHeader"))
        }
        #expect(try authority(.never).isOpen)
    }

    private func authority(_ enforcement: AccessAuthority.Enforcement) throws -> AccessAuthority {
        try authority(at: "2026-11-23T04:59:00Z", enforcement)
    }

    private func signed(
        _ credentials: TemporaryCredentials, secret: String? = nil, date: String = "2026-11-23T04:59:00Z"
    ) throws -> SignedHead {
        var headers = [
            (name: "host", value: "h"), (name: "x-acs-date", value: date),
            (name: "x-acs-signature-nonce", value: "\(UInt64.random(in: 0...UInt64.max))"),
            (name: "x-acs-content-sha256", value: "x"), (name: "x-acs-security-token", value: credentials.token),
        ]
        let head = SignedHead(method: "GET", target: "/a?b=c+d", headers: headers)
        let authorization = try #require(
            RequestSignature.authorization(
                head, key: credentials.keyID, secret: secret ?? credentials.secret, signedHeaders: headers.map(\.name), payload: "x"))
        headers.append((name: "authorization", value: authorization))
        return SignedHead(method: "GET", target: "/a?b=c%20d", headers: headers)
    }

    @Test("temporary credentials act in their role until they expire, or the role is gone") func temporary() throws {
        let authority = try authority()
        let credentials = try #require(authority.credentials(role: "acs:ram::1:role/caller", valid: 600))
        #expect(authority.credentials(role: "acs:ram::1:role/none", valid: 600) == nil)
        let caller = try authority.verify(try signed(credentials)).caller
        #expect(caller.policy.allows(.invoke, function: "worker-1") && !caller.policy.allows(.invoke, function: "other"))
        #expect(throws: ServiceError.self) { try authority.verify(try signed(credentials, secret: "wrong")) }
        var forged = credentials
        forged.token = String(forged.token.dropLast(8)) + "AAAAAAA="
        #expect(throws: ServiceError.self) { try authority.verify(try signed(forged)) }
        let later = try self.authority(at: "2026-11-23T05:09:01Z")
        #expect { try later.verify(try signed(credentials, date: "2026-11-23T05:09:00Z")) } throws: { "\($0)".contains("expired") }
        authority.replace(keys: [AccessKey(id: "a", secret: "b", policy: .everything)], roles: [:])
        #expect { try authority.verify(try signed(credentials)) } throws: { "\($0)".contains("does not exist any more") }
    }

    @Test func aSecretIsOpenedByItsOwnKeyAndNameOnly() throws {
        let sealed = try box.seal("secret", for: "a")
        #expect(try SecretBox(folder: scratch.path).open(sealed, for: "a") == "secret")
        #expect(box.open(sealed, for: "b") == nil && box.open(Array(sealed.dropLast()), for: "a") == nil)
        let other = try Scratch()
        #expect(try SecretBox(folder: other.path).open(sealed, for: "a") == nil)
        #expect(try run("stat", "-c", "%a", scratch.path + "/secrets.key") == "600\n")
    }
}

@Suite struct PolicyTests {
    @Test func actionsAndNamesAreBothAskedFor() throws {
        let policy = try AccessPolicy(["allow": ["invoke", "manage"], "functions": ["prod-*", "one"]])
        #expect(policy.allows(.invoke, function: "prod-a") && policy.allows(.read, function: "one") && policy.allows(.read, function: nil))
        #expect(
            !policy.allows(.invoke, function: "prod") && !policy.allows(.manage, function: "one2") && !policy.allows(.manage, function: nil)
        )
        #expect(!policy.isEverything && AccessPolicy.everything.isEverything)
        #expect(try AccessPolicy(policy.json) == policy)
        for wrong: [String: JSONValue] in [
            ["allow": ["fly"]], ["allow": []], ["functions": ["a*b"]], ["functions": [""]], ["allow": "read"],
        ] {
            #expect(throws: ServiceError.self) { try AccessPolicy(wrong) }
        }
    }

    @Test(
        "dates of the calendar",
        arguments: [("1970-01-01T00:00:00Z", 0), ("2000-02-29T12:00:00Z", 951_825_600), ("2026-11-23T04:58:53Z", 1_795_409_933)])
    func dates(_ text: String, _ seconds: Int64) {
        #expect(Timestamp(rfc3339: text)?.milliseconds == seconds * 1000 && Timestamp(milliseconds: seconds * 1000).rfc3339 == text)
        #expect(Timestamp(rfc3339: text + " ") == nil && Timestamp(rfc3339: "2026-13-01T00:00:00Z") == nil)
    }
}
