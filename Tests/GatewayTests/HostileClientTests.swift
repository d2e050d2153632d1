// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Gateway
import NIOCore
import Testing

/// Request smuggling and its like: what could be understood in two ways must not reach a function.
@Suite struct HostileClientTests {
    @Test(arguments: [
        "POST / HTTP/1.1\r\nHost: f.localhost\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nHost: f.localhost\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nHost: f.localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: f.localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: f.localhost\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: f.localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: f.localhost\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: f.localhost\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: f.localhost\r\nContent-Length : 4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nHost: f.localhost\r\nContent-Length: +4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nHost: f.localhost\r\nContent-Length: 0x4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nHost: f.localhost\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: f.localhost\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST / HTTP/1.0\r\nHost: f.localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: f.localhost\r\nHost: g.localhost\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: f.localhost\r\nX-A: b\r\n folded: c\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: f.localhost\r\nX-A: b\u{0}c\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: f.localhost\r\nX-A: b\u{1}c\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: f.localhost\r\nX-A: b\rc\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: f.localhost\r\nX A: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: f.localhost\r\nX-\u{e9}: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: f.localhost\r\n: b\r\n\r\n",
        "GET /a b HTTP/1.1\r\nHost: f.localhost\r\n\r\n",
        "GET / HTTP/2.0\r\nHost: f.localhost\r\n\r\n",
        "GET nowhere HTTP/1.1\r\nHost: f.localhost\r\n\r\n",
        "CONNECT f.localhost:80 HTTP/1.1\r\nHost: f.localhost\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: f.localhost\r\n\r\n",
        "\u{16}\u{3}\u{1}hello tls\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: f.localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ])
    func `is refused with 400`(request: String) async throws {
        let backend = try await Backend.start { _ in Backend.answer("reached") }
        try await TestHost.with([function("f", on: backend)]) { (host: TestHost) async throws in
            let answer = try await host.send(request)
            #expect(answer.status == 400, "\(answer.text)")
            #expect(answer.text.contains("\"Code\":\"InvalidArgument\""))
            #expect(answer.header("connection") == "close")
            #expect(backend.requests.isEmpty)
        }
    }

    @Test(arguments: [
        ("X-A: \(String(repeating: "y", count: 9000))\r\n", "/", 400), ("X-A: \(String(repeating: "y", count: 40000))\r\n", "/", 400),
        (String(repeating: "X-A: y\r\n", count: 200), "/", 400), ("", "/" + String(repeating: "p", count: 5000), 400),
        ("", "/" + String(repeating: "p", count: 200_000), 400), ("X-A: \(String(repeating: "y", count: 7000))\r\n", "/", 200),
    ])
    func `a head has a limit`(headers: String, target: String, status: Int) async throws {
        let backend = try await Backend.start { _ in Backend.answer("reached") }
        try await TestHost.with([function("f", on: backend)]) { (host: TestHost) async throws in
            #expect(try await host.get("f", target, headers: headers).status == status)
        }
    }

    @Test func `a head that never ends is answered 408 by its limit's name, and an idle connection is closed`() async throws {
        var options = GatewayOptions()
        options.headTime = .milliseconds(300)
        options.keepAliveTime = .milliseconds(600)
        try await TestHost.with([], options: options) { (host: TestHost) async throws in
            let slow = try await host.send("GET / HTTP/1.1\r\nHost: ")
            #expect((slow.status, slow.text.contains("limit: head")) == (408, true))
            let idle = try await blocking { try RawClient(port: host.port).receive() }
            #expect(idle.isEmpty)
        }
    }

    @Test func `a body that stops coming is answered 408 by its limit's name`() async throws {
        let backend = try await Backend.start { _ in Backend.answer("reached") }
        var options = GatewayOptions()
        options.bodyIdleTime = .milliseconds(300)
        try await TestHost.with([function("f", on: backend)], options: options) { (host: TestHost) async throws in
            let answer = try await host.send("POST / HTTP/1.1\r\nHost: f.localhost\r\nContent-Length: 10\r\n\r\nabc")
            #expect((answer.status, answer.text.contains("limit: body")) == (408, true))
        }
    }

    @Test func `a client that takes nothing of its answer is given up, and the call with it`() async throws {
        let size = 256 << 20
        let backend = try await Backend.start { _ in [.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n"), .sendZeros(size)] }
        var options = GatewayOptions()
        options.sendIdleTime = .milliseconds(300)
        try await TestHost.with([function("f", on: backend)], options: options) { (host: TestHost) async throws in
            let client = try await blocking { try RawClient(port: host.port, receiveBuffer: 4096) }
            try await blocking { try client.send("GET / HTTP/1.1\r\nHost: f.localhost\r\n\r\n") }
            #expect(try await eventually { host.log.lines.contains { $0.hasPrefix("Invocation canceled by client") } })
            withExtendedLifetime(client) {}
        }
    }

    @Test func `an idle client that has not taken the last of its answer is closed`() async throws {
        let size = 48 << 10
        let backend = try await Backend.start { _ in [.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n"), .sendZeros(size)] }
        var options = GatewayOptions()
        (options.keepAliveTime, options.sendIdleTime) = (.seconds(15), .milliseconds(300))
        try await TestHost.with([function("f", on: backend)], options: options) { (host: TestHost) async throws in
            let client = try await blocking { try RawClient(port: host.port, receiveBuffer: 4096) }
            let request = "GET / HTTP/1.1\r\nHost: f.localhost\r\n\r\n"
            // Until the kernel holds less than the gateway has answered: the rest waits in the gateway, less than makes it stop writing. What the client's
            // end has and has not acknowledged yet is counted twice, some kilobytes.
            var answers = 0
            var answered: Int { answers * (size + 150) }
            repeat {
                try await blocking { try client.send(request) }
                answers += 1
                #expect(try await eventually { host.log.lines.count { $0.hasPrefix("FC Invoke End") } == answers })
            } while client.queued >= answered - (8 << 10) && answers < 1000
            #expect(answers < 1000)
            let gone = try await eventually { client.gatewayState != "01" }
            #expect(gone)
        }
    }

    @Test func `a second request hidden in a body stays body`() async throws {
        let backend = try await Backend.start { Backend.answer($0.body) }
        try await TestHost.with([function("f", on: backend)]) { (host: TestHost) async throws in
            let hidden = "GET /admin HTTP/1.1\r\nHost: f.localhost\r\n\r\n"
            let answer = try await host.send(
                "POST / HTTP/1.1\r\nHost: f.localhost\r\nContent-Length: \(hidden.utf8.count)\r\n\r\n\(hidden)")
            #expect(answer.text == hidden)
            #expect(backend.requests.count == 1)
        }
    }
}
