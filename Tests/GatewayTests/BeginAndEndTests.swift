// SPDX-License-Identifier: Apache-2.0
import Gateway
import Glibc
import NIOHTTP1
import Synchronization
import Testing

/// What stands behind the gateway is there before the first request, and as long as there may be one.
@Suite struct BeginAndEndTests {
    private final class Flag: Sendable {
        private let value = Atomic(false)
        var isSet: Bool { value.load(ordering: .acquiring) }
        func set() { value.store(true, ordering: .releasing) }
    }

    @Test func `who connects before the control API is there waits for it`() async throws {
        let path = "/tmp/swiftlet-gateway-\(getpid())-begin.sock"
        unlink(path)
        var options = GatewayOptions()
        options.apiSocket = path
        try await TestHost.with([], options: options, begins: false) { (host: TestHost) async throws in
            let client = try await blocking { [port = host.port] in
                let client = try RawClient(port: port)
                try client.send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n")
                return client
            }
            let api = try await Backend.start(unixSocket: path) { Backend.answer("\($0.target)") }
            try await host.gateway.begin()
            let answer = try await blocking { try client.answer() }
            #expect((answer.status, answer.text) == (200, "/x"))
            try await api.stop()
            unlink(path)
        }
    }

    @Test func `a gateway that stops says when the control API is needed no more, before its calls have ended`() async throws {
        let path = "/tmp/swiftlet-gateway-\(getpid())-end.sock"
        unlink(path)
        let (slowAnswer, call) = (Gate(), Gate())
        let api = try await Backend.start(unixSocket: path) { request in
            (request.target == "/slow" ? [.hold(slowAnswer)] : []) + Backend.answer(request.target)
        }
        let backend = try await Backend.start { _ in [.hold(call)] + Backend.answer("called") }
        var options = GatewayOptions()
        options.apiSocket = path
        try await TestHost.with([function("f", on: backend)], options: options) { (host: TestHost) async throws in
            let (heard, stopped) = (Flag(), Flag())
            async let called = host.invoke("f")
            async let slow = host.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")
            let idle = try await blocking { [port = host.port] in
                let client = try RawClient(port: port)
                try client.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(try client.answer().text == "/1")
                return client
            }
            try #require(try await eventually { backend.requests.count == 1 && api.requests.count == 2 })
            async let stop: Void = {
                await host.gateway.stop { heard.set() }
                stopped.set()
            }()
            // The port is closed when the gateway has begun to stop.
            #expect(try await eventually { (try? RawClient(port: host.port)) == nil })
            let late = try await blocking {
                try idle.send("GET /2 HTTP/1.1\r\nHost: h\r\n\r\n")
                return try idle.answer()
            }
            #expect((late.status, late.text, late.header("connection")) == (200, "/2", "close"))
            // Longer than a connection without a request stays.
            try await Task.sleep(for: .milliseconds(800))
            #expect(!heard.isSet, "an answer of the control API has not begun")
            slowAnswer.open()
            #expect(try await slow.text == "/slow")
            #expect(try await eventually { heard.isSet })
            #expect(!stopped.isSet, "a call is still running")
            call.open()
            #expect(try await called.text == "called")
            await stop
            try await api.stop()
            unlink(path)
        }
    }
}
