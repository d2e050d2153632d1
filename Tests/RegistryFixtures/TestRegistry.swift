// SPDX-License-Identifier: Apache-2.0
import Foundation
package import TarFixtures

/// Debian's docker-registry on a free port, with a folder of its own.
package final class TestRegistry: Sendable {
    package enum Login {
        case none
        /// `bob` with the password `s3cret pass`.
        case basic
        /// A token server that takes the same, and the identity token `refresh me`.
        case token(expires: Int = 300)
    }

    package static let user = "bob"
    package static let password = "s3cret pass"
    package static let programs = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Programs"

    package let scratch: Scratch
    /// `127.0.0.1:PORT`
    package let address: String
    /// The certificate of the authority, in PEM; nil for plain HTTP.
    package let authority: String?
    private let companions: [Companion]

    package init(login: Login = .none, tls: Bool = false) throws {
        let scratch = try Scratch()
        self.scratch = scratch
        var companions: [Companion] = []
        if tls { try Self.makeCertificate(scratch, "tls") }
        authority = tls ? scratch.path + "/tls.pem" : nil
        var auth = ""
        switch login {
        case .none: break
        case .basic:
            let entry = try run("htpasswd", "-Bbn", Self.user, Self.password)
            auth = "auth:\n  htpasswd:\n    realm: test\n    path: \(try scratch.write(Array(entry.utf8), to: "htpasswd"))\n"
        case .token(let expires):
            try Self.makeCertificate(scratch, "token")
            let server = try Companion(
                "python3",
                [
                    "\(Self.programs)/token_server.py", "--key", scratch.path + "/token.key", "--certificate", scratch.path + "/token.pem",
                    "--login", "\(Self.user):\(Self.password)", "--refresh-token", "refresh me", "--log", scratch.path + "/token.log",
                    "--expires", "\(expires)",
                ])
            companions.append(server)
            let port = try server.wait { Int($0.prefix { $0 != "\n" }) }
            auth = """
                auth:
                  token:
                    realm: http://127.0.0.1:\(port)/token
                    service: test
                    issuer: token-server
                    rootcertbundle: \(scratch.path)/token.pem

                """
        }
        let certificate = tls ? "  tls:\n    certificate: \(scratch.path)/tls.pem\n    key: \(scratch.path)/tls.key\n" : ""
        let configuration = """
            version: 0.1
            log: {level: info, accesslog: {disabled: true}}
            storage: {filesystem: {rootdirectory: \(scratch.path)/store}, delete: {enabled: true}}
            http:
              addr: 127.0.0.1:0
            \(certificate)\(auth)
            """
        let file = try scratch.write(Array(configuration.utf8), to: "config.yml")
        let registry = try Companion("docker-registry", ["serve", file])
        companions.append(registry)
        do {
            let port = try registry.wait { printed -> Int? in
                guard let range = printed.range(of: "listening on 127.0.0.1:") else { return nil }
                return Int(printed[range.upperBound...].prefix { $0.isNumber })
            }
            address = "127.0.0.1:\(port)"
        } catch {
            for companion in companions { companion.end() }
            throw error
        }
        self.companions = companions
    }

    deinit { for companion in companions { companion.end() } }

    /// Puts an archive into the registry, by skopeo.
    package func push(_ archive: [UInt8], _ name: String, login: Bool = false, options: String...) throws {
        let file = try scratch.write(archive, to: "archive-\(UUID().uuidString).tar")
        try push("oci-archive:\(file)", name, login: login, options)
    }

    package func push(_ source: String, _ name: String, login: Bool = false, _ options: [String] = []) throws {
        let credentials = login ? ["--dest-creds", "\(Self.user):\(Self.password)"] : []
        try runAll(["skopeo", "copy", "-q", "--dest-tls-verify=false"] + credentials + options + [source, "docker://\(address)/\(name)"])
    }

    /// The digest of what a tag leads to, as skopeo sees it.
    package func digest(_ name: String) throws -> String {
        try run("skopeo", "inspect", "--tls-verify=false", "--format", "{{.Digest}}", "docker://\(address)/\(name)")
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// What the token server was asked, a word each: `login`, `anonymous`, `refresh`, `refused`.
    package var tokenRequests: [String] { lines(of: scratch.path + "/token.log") }

    static func makeCertificate(_ scratch: Scratch, _ name: String) throws {
        try runAll([
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test", "-addext",
            "subjectAltName=IP:127.0.0.1,DNS:registry.test", "-keyout", "\(scratch.path)/\(name).key", "-out",
            "\(scratch.path)/\(name).pem",
        ])
    }
}
