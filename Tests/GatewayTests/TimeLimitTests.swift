// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Gateway
import Glibc
import NIOCore
import Testing

/// The limits of time that a call has besides its function's own, each told by its name.
@Suite struct TimeLimitTests {
    private static func with(
        firstByte: TimeAmount? = nil, answerIdle: TimeAmount? = nil, _ script: @escaping @Sendable (Backend.Request) -> [Backend.Step],
        _ body: (TestHost) async throws -> Void
    ) async throws {
        let backend = try await Backend.start(script)
        var options = GatewayOptions()
        (options.firstByteTime, options.answerIdleTime) = (firstByte, answerIdle)
        try await TestHost.with([function("f", on: backend) { $0.timeout = 30 }], options: options, body)
        try await backend.stop()
    }

    @Test func `an answer that does not begin in time ends the call, and the error names the limit`() async throws {
        try await Self.with(firstByte: .milliseconds(300)) { _ in
            [.wait(.seconds(20))]
        } _: { host in
            let http = try await host.get("f", "/")
            #expect(http.status == 502 && http.text.contains("\"Code\":\"FunctionTimeoutError\""), "\(http.text)")
            #expect(http.text.contains("Function timed out after 0.3 seconds (limit: first byte)"), "\(http.text)")
            let event = try await host.invoke("f")
            #expect((event.status, event.header("x-fc-error-type")) == (200, "InvocationError"))
            #expect(event.text == "{\"errorMessage\":\"Function timed out after 0.3 seconds (limit: first byte)\"}")
            #expect(host.log.lines.count { $0.contains("Function timed out after 0.3 seconds (limit: first byte)") } == 2)
        }
    }

    @Test func `the time to the first byte begins when the request is complete, and ends with the first byte`() async throws {
        try await Self.with(firstByte: .seconds(2)) { request in
            [.send("HTTP/1.1 200 OK\r\nContent-Length: \(request.bodyBytes)\r\n\r\n"), .wait(.milliseconds(4500)), .send(request.body)]
        } _: { host in
            let text = try await blocking {
                let client = try RawClient(port: host.port)
                try client.send("POST / HTTP/1.1\r\nHost: f.localhost\r\nContent-Length: 5\r\n\r\n")
                for letter in ["a", "b", "c", "d", "e"] {
                    // Together longer than the limit.
                    usleep(900_000)
                    try client.send(letter)
                }
                return try client.answer().text
            }
            #expect(text == "abcde")
        }
    }

    @Test func `an answer that stops ends the call, and the error or the log names the limit`() async throws {
        let words = "Function timed out after 2 seconds (limit: answer idle)"
        try await Self.with(answerIdle: .seconds(2)) { request in
            // The time of the whole answer is no part of it, nor is that to its first byte.
            [.wait(.seconds(4)), .send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")]
                + (0..<4).flatMap { _ in [.wait(.milliseconds(900)), Backend.Step.send("x")] } + [.wait(.seconds(20))]
        } _: { host in
            let event = try await host.invoke("f")
            #expect((event.status, event.text) == (200, "{\"errorMessage\":\"\(words)\"}"))
            #expect(host.log.lines.count { $0.contains(words) } == 1)
            // An answer that is on its way already can only be cut.
            let cut = try await blocking {
                let client = try RawClient(port: host.port)
                try client.send("GET / HTTP/1.1\r\nHost: f.localhost\r\n\r\n")
                var all: [UInt8] = []
                do { while case let more = try client.receive(), !more.isEmpty { all += more } } catch is RawClient.Broken {}
                return String(decoding: all, as: UTF8.self)
            }
            #expect(cut.hasSuffix("\r\n\r\nxxxx"), "\(cut)")
            #expect(host.log.lines.count { $0.contains(words) } == 2, "\(host.log.lines)")
        }
    }

    @Test func `a client that does not read is no answer that stops`() async throws {
        let size = 32 << 20
        try await Self.with(answerIdle: .seconds(2)) { _ in
            [.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n"), .sendZeros(size)]
        } _: { host in
            let received = try await blocking {
                let client = try RawClient(port: host.port, receiveBuffer: 65536)
                try client.send("GET / HTTP/1.1\r\nHost: f.localhost\r\n\r\n")
                usleep(5_000_000)
                return try client.answer().body.count
            }
            #expect(received == size)
        }
    }
}
