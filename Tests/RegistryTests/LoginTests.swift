// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import Registry
import Testing

/// Where logins come from, and that they do not get out.
@Suite struct LoginTests {
    private func source(_ json: String, _ body: (CredentialSource) async throws -> Void) async throws {
        let path = "/tmp/swiftlet-login-\(UUID().uuidString).json"
        try Data(json.utf8).write(to: URL(fileURLWithPath: path))
        defer { unlink(path) }
        try await body(CredentialSource(path: path))
    }

    @Test func aLoginIsFoundUnderEachWayToWriteARegistry() async throws {
        let auth = Data("bob:pass:word".utf8).base64EncodedString()
        for key in ["https://index.docker.io/v1/", "docker.io", "https://docker.io"] {
            try await source(#"{"auths": {"\#(key)": {"auth": "\#(auth)"}}}"#) { source async throws in
                let known = try await source.credentials(for: "docker.io", repository: "library/hello")
                #expect(known?.credentials == .password(user: "bob", Secret("pass:word")))
            }
        }
        try await source(#"{"auths": {"a.example": {"auth": "\#(auth)"}, "a.example/team": {"identitytoken": "t"}}}"#) {
            source async throws in
            #expect(try await source.credentials(for: "a.example", repository: "team/x")?.credentials == .identityToken(Secret("t")))
            #expect(
                try await source.credentials(for: "a.example", repository: "other")?.credentials
                    == .password(user: "bob", Secret("pass:word")))
            #expect(try await source.credentials(for: "b.example", repository: "team/x") == nil)
        }
    }

    @Test func aCredentialHelperIsAskedInDockersProtocol() async throws {
        let folder = "/tmp/swiftlet-helper-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { do { try FileManager.default.removeItem(atPath: folder) } catch { Issue.record(error) } }
        let program = """
            #!/bin/sh
            read -r server
            case "$1 $server" in
            "get a.example") echo '{"ServerURL":"a.example","Username":"bob","Secret":"s3cret"}' ;;
            "get t.example") echo '{"ServerURL":"t.example","Username":"<token>","Secret":"s3cret"}' ;;
            "get none.example") echo 'credentials not found in native keychain'; exit 1 ;;
            *) echo 's3cret'; exit 3 ;;
            esac
            """
        let file = folder + "/docker-credential-swiftlet-test"
        try Data(program.utf8).write(to: URL(fileURLWithPath: file))
        chmod(file, 0o755)
        setenv("PATH", "\(folder):\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin")", 1)
        try await source(#"{"credsStore": "swiftlet-test", "credHelpers": {"x.example": "swiftlet-no-such"}}"#) { source async throws in
            let known = try await source.credentials(for: "a.example", repository: "x")
            #expect(known?.credentials == .password(user: "bob", Secret("s3cret")) && known?.origin == "docker-credential-swiftlet-test")
            #expect(try await source.credentials(for: "t.example", repository: "x")?.credentials == .identityToken(Secret("s3cret")))
            #expect(try await source.credentials(for: "none.example", repository: "x") == nil)
            let broken = await #expect(throws: ServiceError.self) { try await source.credentials(for: "b.example", repository: "x") }
            #expect(broken?.message.contains("status 3") == true && broken?.message.contains("s3cret") == false)
            let missing = await #expect(throws: ServiceError.self) { try await source.credentials(for: "x.example", repository: "x") }
            #expect(
                missing?.message.contains("docker-credential-swiftlet-no-such") == true && missing?.message.contains("not in PATH") == true)
        }
        try await source(#"{"credsStore": "../../bin/sh"}"#) { source async throws in
            await #expect(throws: ServiceError.self) { try await source.credentials(for: "a.example", repository: "x") }
        }
    }

    @Test func aSecretIsNeverPrinted() {
        let known = KnownCredentials(.password(user: "bob", Secret("s3cret")), origin: "here")
        var dumped = ""
        dump(known, to: &dumped)
        for text in ["\(known)", String(reflecting: known), dumped, "\(RegistryAccess(credentials: known))"] {
            #expect(!text.contains("s3cret"), "\(text)")
        }
    }

    @Test func aNameThatThePolicyFileDoesNotKnowIsAnError() throws {
        let path = "/tmp/swiftlet-registries-\(UUID().uuidString).json"
        defer { unlink(path) }
        for (json, words) in [
            (#"{"registries": {"a": {"signature": "require"}}}"#, "'registries.a.signature' is no name that is known"),
            (#"{"registries": {"a": {"signatures": "require"}}}"#, "publicKeys names no key"),
            (#"{"registries": {"a": {"signatures": "always"}}}"#, "must be require, warn or off"),
            (#"{"registries": {"a": {"mirrors": ["ftp://x"]}}}"#, "must begin with http"),
            (#"{"registries": {"a": {"caFile": "/nowhere"}}}"#, "/nowhere cannot be used"),
            ("[]", "it is no JSON object"),
        ] {
            try Data(json.utf8).write(to: URL(fileURLWithPath: path))
            let error = #expect(throws: ServiceError.self) { try RegistrySettings(reading: path) }
            #expect(error?.message.contains(words) == true, "\(String(describing: error))")
        }
    }

    @Test func aProxyIsAskedUnlessTheNameIsExcepted() throws {
        let rules = try ProxyRules(environment: [
            "https_proxy": "http://proxy:3128", "HTTPS_PROXY": "http://other", "NO_PROXY": "inner.example, .corp.example,b.example:5000",
        ])
        for (host, port, isProxied) in [
            ("registry.example", 443, true), ("inner.example", 443, false), ("a.inner.example", 443, false),
            ("notinner.example", 443, true),
            ("x.corp.example", 443, false), ("corp.example", 443, true), ("b.example", 5000, false), ("b.example", 443, true),
            ("localhost", 443, false), ("127.0.0.1", 443, false), ("::1", 443, false),
        ] {
            #expect((rules.server(for: host, isTLS: true, port: port)?.host == "proxy") == isProxied, "\(host):\(port)")
        }
        #expect(rules.server(for: "registry.example", isTLS: false, port: 80) == nil)
        #expect(throws: ServiceError.self) { try ProxyRules(environment: ["HTTP_PROXY": "socks5://x"]) }
        #expect(try ProxyRules(environment: ["NO_PROXY": "*", "HTTP_PROXY": "p"]).server(for: "x", isTLS: false, port: 80) == nil)
    }
}
