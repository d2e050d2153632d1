// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Gateway
import Glibc
import NIOCore
import Synchronization
import Testing

/// A client that ends its half of the connection behind its request. Whether it still reads cannot be known: the bytes are those of one that has gone.
@Suite struct HalfCloseTests {
    /// Sends a request that is held, ends the sending half, and reads what comes then.
    private func ends(_ port: Int, _ request: String, _ backend: Backend) async throws -> String {
        let client = try await blocking { try RawClient(port: port) }
        try await blocking { try client.send(request) }
        #expect(try await eventually { backend.requests.count == 1 }, "the function has the call before its caller leaves")
        shutdown(client.descriptor, CInt(SHUT_WR))
        return try await blocking {
            var all: [UInt8] = []
            do { while case let more = try client.receive(), !more.isEmpty { all += more } } catch is RawClient.Broken {}
            return String(decoding: all, as: UTF8.self)
        }
    }

    @Test func `it has left, as it has for nginx: its call is cancelled, and the connection to the function ends`() async throws {
        let gate = Gate()
        let script: @Sendable (Backend.Request) -> [Backend.Step] = { _ in [.hold(gate)] + Backend.answer("late") }
        let (behindNginx, behindGateway) = (try await Backend.start(script), try await Backend.start(script))
        let nginx = try await blocking { try NginxServer(backends: [behindNginx.port]) }
        defer { nginx.stop() }
        try await TestHost.with([function("f", on: behindGateway)]) { (host: TestHost) async throws in
            let request = "GET / HTTP/1.1\r\nHost: f.localhost\r\n\r\n"
            #expect(try await ends(nginx.ports[0], request, behindNginx) == "")
            #expect(try await eventually { behindNginx.ended.load(ordering: .relaxed) == 1 })
            #expect(try await ends(host.port, request, behindGateway) == "")
            #expect(try await eventually { behindGateway.ended.load(ordering: .relaxed) == 1 })
            #expect(host.log.lines.contains { $0.hasPrefix("Invocation canceled by client") }, "\(host.log.lines)")
        }
        gate.open()
        for backend in [behindNginx, behindGateway] { try await backend.stop() }
    }

    @Test func `an answer that was complete before is read to its end`() async throws {
        let size = 4 << 20
        let backend = try await Backend.start { _ in [.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n"), .sendZeros(size)] }
        try await TestHost.with([function("f", on: backend)]) { (host: TestHost) async throws in
            let count = try await blocking {
                let client = try RawClient(port: host.port)
                try client.send("GET / HTTP/1.1\r\nHost: f.localhost\r\n\r\n")
                let count = try client.answer().body.count
                shutdown(client.descriptor, CInt(SHUT_WR))
                #expect(try client.receive().isEmpty)
                return count
            }
            #expect(count == size)
            #expect(!host.log.lines.contains { $0.hasPrefix("Invocation canceled by client") })
        }
    }
}
