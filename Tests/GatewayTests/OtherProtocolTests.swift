// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Gateway
import Glibc
import NIOCore
import NIOHTTP1
import Testing

/// What clients and servers of other people speak through the gateway: gRPC, WebSocket, HTTP/2 with and without TLS.
@Suite struct OtherProtocolTests {
    @Test func `gRPC goes through: single answers, streams, conversations, failures with their metadata, and deadlines`() async throws {
        try await Tool.withServer([Tool.python, Tool.peer, "grpc-server"]) { port in
            try await TestHost.with([Self.program(on: port)]) { (host: TestHost) async throws in
                let result = try await Tool.run([Tool.python, Tool.peer, "grpc-client", "\(host.port)"])
                #expect(result.status == 0, "\(result.output)")
            }
        }
    }

    @Test func `a WebSocket library on both sides notices nothing`() async throws {
        try await Tool.withServer([Tool.python, Tool.peer, "ws-server"]) { port in
            try await TestHost.with([Self.program(on: port)]) { (host: TestHost) async throws in
                let result = try await Tool.run([Tool.python, Tool.peer, "ws-client", "\(host.port)"])
                #expect(result.status == 0, "\(result.output)")
            }
        }
    }

    @Test func `HTTP 2 without TLS: many streams on few connections, each a call`() async throws {
        let backend = try await Backend.start { Backend.answer("\($0.method) \($0.bodyBytes)") }
        try await TestHost.with([function("f", on: backend) { $0.instanceConcurrency = 100 }]) { (host: TestHost) async throws in
            let result = try await Tool.run([
                "/usr/bin/h2load", "-n2000", "-c4", "-m25", "-H:authority: f.localhost", "http://127.0.0.1:\(host.port)/x",
            ])
            #expect(result.output.contains("2000 succeeded, 0 failed, 0 errored"), "\(result.output)")
            #expect(result.output.contains("status codes: 2000 2xx"), "\(result.output)")
            #expect(backend.requests.count == 2000)
        }
    }

    @Test func `HTTPS speaks HTTP 2 and HTTP 1, and a new certificate is taken up without a drop`() async throws {
        let backend = try await Backend.start { request in
            Backend.answer(
                "\(request.headers["x-forwarded-proto"].first ?? "") \(request.headers["host"].first ?? "") \(request.bodyBytes)")
        }
        let folder = try await Certificates.make(["one", "two"])
        var options = GatewayOptions()
        options.tls = TLSOptions(host: "127.0.0.1", port: 0, certificate: folder + "/current.pem", key: folder + "/current.key")
        try Certificates.use("one", folder)
        try await TestHost.with([function("f", on: backend) { $0.instanceConcurrency = 100 }], options: options) {
            (host: TestHost) async throws in
            let port = try #require(host.gateway.tlsAddress?.port)
            func curl(_ more: [String]) async throws -> String {
                let result = try await Tool.run(
                    [
                        "/usr/bin/curl", "-sS", "--noproxy", "*", "--resolve", "f.localhost:\(port):127.0.0.1", "-w",
                        " %{http_version} %{http_code}",
                    ]
                        + more + ["https://f.localhost:\(port)/x"])
                return result.output
            }
            let body = ["--data-binary", "@\(Tool.peer)"]
            let size = try #require(try await blocking { try FileSize.of(Tool.peer) })
            #expect(try await curl(["--http2", "--cacert", folder + "/one.pem"]) == "https f.localhost:\(port) 0 2 200")
            #expect(try await curl(["--http1.1", "--cacert", folder + "/one.pem"] + body) == "https f.localhost:\(port) \(size) 1.1 200")
            #expect(try await curl(["--http2", "--cacert", folder + "/one.pem"] + body) == "https f.localhost:\(port) \(size) 2 200")
            // A call that is under way when the certificate changes ends well, and the next connection sees the new one.
            try Certificates.use("two", folder)
            try host.gateway.reloadCertificate()
            #expect(try await curl(["--http2", "--cacert", folder + "/two.pem"]) == "https f.localhost:\(port) 0 2 200")
            #expect(try await curl(["--http2", "--cacert", folder + "/one.pem"]).contains("certificate"))
            // Files that do not belong together leave what is in use.
            try Certificates.copy("one.key", "current.key", folder)
            #expect(throws: CertificateUnusable.self) { try host.gateway.reloadCertificate() }
            #expect(try await curl(["--http2", "--cacert", folder + "/two.pem"]).hasSuffix(" 2 200"))
        }
        try Certificates.remove(folder)
    }

    private static func program(on port: Int) -> RunnableVersion {
        function("f", on: nil) {
            $0.port = port
            $0.instanceConcurrency = 100
        }
    }
}
