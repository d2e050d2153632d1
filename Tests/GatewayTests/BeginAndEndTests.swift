// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Gateway
import Glibc
import NIOCore
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

    /// A control API on a socket of its own, and a function whose calls take as long as the test wants.
    private struct Behind: Sendable {
        let api: Backend
        let slowAnswer: Gate
        let function: Backend
        let call: Gate
        let heard = Flag()
        let stopped = Flag()

        static func with(_ body: (Behind, TestHost) async throws -> Void) async throws {
            let path = "/tmp/swiftlet-gateway-\(getpid())-\(UInt32.random(in: 0...UInt32.max)).sock"
            let (slowAnswer, call) = (Gate(), Gate())
            let api = try await Backend.start(unixSocket: path) { request in
                (request.target == "/slow" ? [.hold(slowAnswer)] : []) + Backend.answer(request.target)
            }
            let function = try await Backend.start { _ in [.hold(call)] + Backend.answer("called") }
            let behind = Behind(api: api, slowAnswer: slowAnswer, function: function, call: call)
            var options = GatewayOptions()
            options.apiSocket = path
            try await TestHost.with([GatewayTests.function("f", on: function)], options: options, drainTime: .seconds(90)) {
                (host: TestHost) async throws in
                do { try await body(behind, host) } catch { Issue.record(error) }
                slowAnswer.open()
                call.open()
            }
            try await api.stop()
            unlink(path)
        }

        /// Begins to stop the gateway, with a call of the function under way and so many requests to the API; returns when nobody can connect any more.
        func stop(_ host: TestHost, afterRequests count: Int) async throws {
            try #require(try await eventually { function.requests.count == 1 && api.requests.count == count })
            Task {
                await host.gateway.stop { heard.set() }
                stopped.set()
            }
            try #require(try await eventually { (try? RawClient(port: host.port)) == nil })
        }

        /// Longer than a connection without a request stays.
        static func linger() async throws { try await Task.sleep(for: .milliseconds(800)) }
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

    @Test func `the control API is needed until its answers have begun, and no longer`() async throws {
        try await Behind.with { behind, host in
            async let called = host.invoke("f")
            async let slow = host.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")
            try await behind.stop(host, afterRequests: 1)
            try await Behind.linger()
            #expect(!behind.heard.isSet, "an answer has not begun")
            behind.slowAnswer.open()
            #expect(try await slow.text == "/slow")
            #expect(try await eventually { behind.heard.isSet })
            #expect(!behind.stopped.isSet, "a call is still running")
            behind.call.open()
            #expect(try await called.text == "called")
            #expect(try await eventually { behind.stopped.isSet })
        }
    }

    @Test func `the control API is needed until nobody has begun to ask it`() async throws {
        try await Behind.with { behind, host in
            async let called = host.invoke("f")
            let client = try await blocking { [port = host.port] in
                let client = try RawClient(port: port)
                try client.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(try client.answer().text == "/1")
                try client.send("GET /2 HTTP/1.1\r\nHo")
                return client
            }
            try await behind.stop(host, afterRequests: 1)
            try await Behind.linger()
            #expect(!behind.heard.isSet, "half a request is there")
            let late = try await blocking {
                try client.send("st: h\r\n\r\n")
                return try client.answer()
            }
            #expect((late.status, late.text, late.header("connection")) == (200, "/2", "close"))
            #expect(try await eventually { behind.heard.isSet })
            #expect(!behind.stopped.isSet, "a call is still running")
            behind.call.open()
            #expect(try await called.text == "called")
        }
    }

    /// RFC 9113 §6.8 and §8.7: a client that is told so may open elsewhere what it opened too late.
    @Test func `a client of HTTP 2 is told that the host goes, and its calls are finished`() async throws {
        try await Behind.with { behind, host in
            let client = HTTP2Frames(try await blocking { [port = host.port] in try RawClient(port: port) })
            try await blocking {
                try client.begin()
                try client.request(stream: 1, path: "/x", authority: "f.localhost")
            }
            try await behind.stop(host, afterRequests: 0)
            try await blocking {
                #expect(try client.next(.goAway).lastStream == 0x7fff_ffff)
                try client.request(stream: 3, path: "/3", authority: "h")
                #expect(try client.next(.resetStream, stream: 3).payload == [0, 0, 0, 7])
            }
            #expect(try await eventually { behind.heard.isSet })
            #expect(!behind.stopped.isSet, "a call is still running")
            behind.call.open()
            let called = try await blocking { try client.next(.data, stream: 1) }
            #expect(String(decoding: called.payload, as: UTF8.self) == "called")
            #expect(try await eventually { behind.stopped.isSet })
            #expect(behind.api.requests.isEmpty)
        }
    }
}
