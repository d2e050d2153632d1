// SPDX-License-Identifier: Apache-2.0
import Activation
import FunctionModel
import Gateway
import Glibc
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@Suite struct HTTPCallTests {
    @Test(arguments: [
        ("f.localhost", "/", "/"), ("f.localhost:8080", "/a/b?c=d&e", "/a/b?c=d&e"), ("F.LOCALHOST", "/x", "/x"),
        ("LATEST.f.localhost", "/y/", "/y/"), ("f.localhost", "/a%2Fb/%20?q=%26+1", "/a%2Fb/%20?q=%26+1"),
        ("f.localhost", "//a/../b", "//a/../b"),
        ("h", "/http/f", "/"), ("h", "/http/f?x=1", "/?x=1"), ("h", "/http/f/", "/"), ("h", "/http/f/p/q?r=/s", "/p/q?r=/s"),
        ("h", "/http/%66/z", "/z"), ("f.localhost", "/2023-03-30/functions/g/invocations", "/2023-03-30/functions/g/invocations"),
        ("h", "http://f.localhost:1/abs?d", "/abs?d"),
    ])
    func `path and query arrive byte for byte`(host: String, target: String, expected: String) async throws {
        let backend = try await Backend.start { Backend.answer($0.target) }
        try await TestHost.with([function("f", on: backend)]) { (test: TestHost) async throws in
            let answer = try await test.send("GET \(target) HTTP/1.1\r\nHost: \(host)\r\n\r\n")
            #expect((answer.status, answer.text) == (200, expected))
        }
    }

    @Test(arguments: ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
    func `method, body, status and answer pass through`(method: String) async throws {
        let backend = try await Backend.start { request in
            request.method == "HEAD"
                ? [.send("HTTP/1.1 207 Multi\r\nContent-Length: 5\r\nX-Mine: 1\r\n\r\n")]
                : Backend.answer("\(request.method) \(request.body)", status: "207 Multi", headers: "X-Mine: 1\r\n")
        }
        try await TestHost.with([function("f", on: backend)]) { (host: TestHost) async throws in
            for _ in 0..<2 {
                let body = method == "GET" || method == "HEAD" ? "" : "Content-Length: 4\r\n\r\nbody"
                let answer = try await host.send(
                    "\(method) / HTTP/1.1\r\nHost: f.localhost\r\n" + (body.isEmpty ? "\r\n" : body), head: method == "HEAD")
                #expect((answer.status, answer.header("x-mine")) == (207, "1"))
                if method == "HEAD" { #expect(answer.header("content-length") == "5") } else { #expect(answer.text.hasPrefix(method)) }
            }
            #expect(backend.requests.allSatisfy { $0.method == method })
        }
    }

    @Test func `headers go through, but for those of the hop and those that only the host may say`() async throws {
        let backend = try await Backend.start { _ in
            Backend.answer(
                "ok",
                headers:
                    "X-Fc-Status: 1\r\nServer: me\r\nDate: then\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nSet-Cookie: a=1\r\n"
                    + "Set-Cookie: b=2\r\nContent-Disposition: attachment; filename=x\r\nX-Kept: yes\r\n")
        }
        try await TestHost.with([function("f", on: backend)]) { (host: TestHost) async throws in
            let answer = try await host.get(
                "f", "/p?q",
                headers:
                    "X-Fc-Account-Id: 666\r\nx_fc_request_id: 1\r\nConnection: X-Private, close\r\nX-Private: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\n"
                    + "Proxy-Authorization: x\r\nCookie: c=1\r\nAuthorization: Bearer t\r\nX-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Proto: https\r\n"
                    + "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nX-Empty:\r\n")
            let sent = try #require(backend.requests.first).headers
            for name in ["x_fc_request_id", "x-private", "keep-alive", "te", "proxy-authorization", "connection"] {
                #expect(sent[name] == [], "\(name)")
            }
            let expected = [
                "host": "f.localhost", "cookie": "c=1", "authorization": "Bearer t", "x-forwarded-for": "9.9.9.9, 127.0.0.1",
                "x-forwarded-proto": "http",
                "x-forwarded-host": "f.localhost", "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "x-empty": "",
                "x-fc-account-id": "1",
                "x-fc-control-path": "/http-invoke",
                "x-fc-function-name": "f", "x-fc-base-path": "/p", "x-fc-client-ip": "127.0.0.1",
            ]
            for (name, value) in expected { #expect(sent[name] == [value], "\(name)") }
            for name in ["x-fc-status", "server", "keep-alive", "content-disposition"] { #expect(answer.header(name) == nil, "\(name)") }
            #expect(answer.header("date")?.hasSuffix("GMT") == true)
            #expect(answer.header("x-fc-request-id") == sent["x-fc-request-id"].first)
            #expect(answer.head.components("Set-Cookie") == 2)
            #expect(answer.header("x-kept") == "yes")
            #expect(answer.header("connection") == "close")
        }
    }

    @Test func `a large answer to a slow reader arrives whole, and the function is held back meanwhile`() async throws {
        let size = 64 << 20
        let backend = try await Backend.start { _ in
            [.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n"), .sendZeros(size)]
        }
        try await TestHost.with([function("f", on: backend)], threads: 1) { (host: TestHost) async throws in
            let (sent, received) = try await blocking {
                let client = try RawClient(port: host.port, receiveBuffer: 65536)
                try client.send("GET / HTTP/1.1\r\nHost: f.localhost\r\n\r\n")
                // As much as fits on the way: it has begun, and has then not grown for a while.
                var sent = 0
                while case let now = backend.zerosSent.load(ordering: .relaxed), now == 0 || now != sent {
                    sent = now
                    usleep(300_000)
                }
                return (sent, try client.answer().body.count)
            }
            #expect(received == size)
            #expect(sent > 0 && sent < 24 << 20, "what the client does not take must stay in the function's socket")
            // The connection that was paused serves the next call.
            #expect(try await host.get("f", "/").body.count == size)
            #expect(backend.connections.load(ordering: .relaxed) <= 2)
        }
    }

    @Test(arguments: [true, false])
    func `a large body streams to the function, chunked or with its length`(chunked: Bool) async throws {
        let backend = try await Backend.start { Backend.answer("\($0.bodyBytes)") }
        try await TestHost.with([function("f", on: backend)]) { (host: TestHost) async throws in
            let text = try await blocking {
                let client = try RawClient(port: host.port)
                let piece = [UInt8](repeating: 0x41, count: 1 << 20)
                let framing = chunked ? "Transfer-Encoding: chunked" : "Content-Length: \(50 << 20)"
                try client.send("POST /up HTTP/1.1\r\nHost: f.localhost\r\n\(framing)\r\n\r\n")
                for _ in 0..<50 {
                    if chunked { try client.send("100000\r\n") }
                    try client.send(piece)
                    if chunked { try client.send("\r\n") }
                }
                if chunked { try client.send("0\r\n\r\n") }
                return try client.answer().text
            }
            #expect(text == "\(50 << 20)")
        }
    }

    @Test func `server-sent events arrive one by one`() async throws {
        let gate = Gate()
        let backend = try await Backend.start { _ in
            [
                .send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"),
                .send("9\r\ndata: 1\n\n\r\n"),
                .hold(gate), .send("9\r\ndata: 2\n\n\r\n0\r\n\r\n"),
            ]
        }
        try await TestHost.with([function("f", on: backend)]) { (host: TestHost) async throws in
            try await blocking {
                let client = try RawClient(port: host.port)
                try client.send("GET / HTTP/1.1\r\nHost: f.localhost\r\n\r\n")
                // The second event is sent when the first has arrived: a gateway that held the first back would never end this.
                for event in ["data: 1", "data: 2"] {
                    var text = ""
                    while !text.contains(event) {
                        let more = try client.receive()
                        guard !more.isEmpty else { throw RawClient.Broken(description: "no \(event) after '\(text)'") }
                        text += String(decoding: more, as: UTF8.self)
                    }
                    gate.open()
                }
            }
        }
    }

    @Test func `Expect 100-continue is answered before the body`() async throws {
        let backend = try await Backend.start { Backend.answer($0.body) }
        try await TestHost.with([function("f", on: backend)]) { (host: TestHost) async throws in
            let (interim, answer) = try await blocking {
                let client = try RawClient(port: host.port)
                try client.send("POST / HTTP/1.1\r\nHost: f.localhost\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
                let interim = String(decoding: try client.receive(), as: UTF8.self)
                try client.send("late")
                return (interim, try client.answer())
            }
            #expect(interim == "HTTP/1.1 100 Continue\r\n\r\n")
            #expect(answer.text == "late")
        }
    }

    @Test func `pipelined requests are answered in their order`() async throws {
        let backend = try await Backend.start { Backend.answer($0.target) }
        try await TestHost.with([function("f", on: backend)]) { (host: TestHost) async throws in
            let texts = try await blocking {
                let client = try RawClient(port: host.port)
                try client.send((0..<50).map { "GET /\($0) HTTP/1.1\r\nHost: f.localhost\r\n\r\n" }.joined())
                var all: [UInt8] = []
                while String(decoding: all, as: UTF8.self).components("HTTP/1.1 200") < 50 || !all.ends(with: "/49") {
                    all += try client.receive()
                }
                return String(decoding: all, as: UTF8.self)
            }
            var rest = texts[...]
            for number in 0..<50 {
                let found = rest.firstRange(of: "\r\n\r\n/\(number)")
                try #require(found != nil)
                rest = rest[(found?.upperBound ?? rest.endIndex)...]
            }
        }
    }

    @Test func `a timeout and a crash are 502 and name what happened`() async throws {
        let backend = try await Backend.start { $0.target == "/crash" ? [.close] : [.wait(.seconds(30))] }
        try await TestHost.with([function("f", on: backend), function("late", on: backend) { $0.timeout = 1 }]) {
            (host: TestHost) async throws in
            let late = try await host.get("late", "/late")
            #expect((late.status, late.text.contains("FunctionTimeoutError"), late.text.contains("limit: timeout")) == (502, true, true))
            let crashed = try await host.send("POST /crash HTTP/1.1\r\nHost: f.localhost\r\nContent-Length: 0\r\n\r\n")
            #expect((crashed.status, crashed.text.contains("Process exited unexpectedly")) == (502, true))
        }
    }

    @Test func `on a broken idle connection GET is sent again, POST is not`() async throws {
        // The first request of a connection is answered; the second finds it closing.
        let backend = try await Backend.start { $0.number == 0 ? Backend.answer("fine") : [.close] }
        try await TestHost.with([function("f", on: backend) { $0.instanceConcurrency = 5 }], threads: 1) { (host: TestHost) async throws in
            #expect(try await host.get("f", "/1").text == "fine")
            #expect(try await host.get("f", "/2").text == "fine")
            #expect(backend.requests.map(\.target) == ["/1", "/2", "/2"])
            let post = try await host.send("POST /3 HTTP/1.1\r\nHost: f.localhost\r\nContent-Length: 1\r\n\r\nx")
            #expect(post.status == 502)
            #expect(backend.requests.count { $0.target == "/3" } == 1)
        }
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Big: \(String(repeating: "y", count: 9000))\r\n\r\nok", "garbage\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok",
    ])
    func `an answer that cannot be passed on is 502 BadResponse`(raw: String) async throws {
        let backend = try await Backend.start { _ in [.send(raw)] }
        try await TestHost.with([function("f", on: backend)]) { (host: TestHost) async throws in
            let answer = try await host.get("f", "/")
            #expect((answer.status, answer.text.contains("BadResponse")) == (502, true), "\(answer.text)")
        }
    }

    @Test func `an answer without a length is passed on until its end`() async throws {
        let backend = try await Backend.start { _ in
            [.send("HTTP/1.0 200 OK\r\n\r\nhello"), .wait(.milliseconds(50)), .send(" you"), .close]
        }
        try await TestHost.with([function("f", on: backend)]) { (host: TestHost) async throws in
            #expect(try await host.get("f", "/").text == "hello you")
            #expect(try await host.send("GET / HTTP/1.0\r\nHost: f.localhost\r\n\r\n").text == "hello you")
        }
    }

    @Test func `a stopping gateway finishes what runs`() async throws {
        let gate = Gate()
        let backend = try await Backend.start { _ in [.hold(gate)] + Backend.answer("done") }
        try await TestHost.with([function("f", on: backend)], drainTime: .seconds(60)) { (host: TestHost) async throws in
            async let answer = host.get("f", "/")
            #expect(try await eventually { backend.requests.count == 1 })
            async let stopped: Void = host.gateway.stop()
            // The port closes last of what a stop begins with, so from then on every answer is known to be its connection's last.
            #expect(try await eventually { (try? RawClient(port: host.port)) == nil })
            gate.open()
            await stopped
            let (text, connection) = try await (answer.text, answer.header("connection"))
            #expect((text, connection) == ("done", "close"))
            await #expect(throws: (any Error).self) { try await host.get("f", "/") }
        }
    }

    @Test func `calls that come at once ask the launcher for connections together, and not each for its own`() async throws {
        let (gate, answers) = (Gate(), Gate())
        let backend = try await Backend.start { _ in [.hold(answers)] + Backend.answer("x") }
        let launcher = FakeLauncher(socketGate: gate)
        let version = function("f", on: backend) { $0.instanceConcurrency = 100 }
        try await TestHost.with([version], launcher: launcher) { (host: TestHost) async throws in
            try await withThrowingTaskGroup(of: Int.self) { calls in
                for _ in 0..<50 { calls.addTask { try await host.get("f", "/").status } }
                // Four have the sockets that the instance began with: the others wait.
                #expect(try await eventually { host.activation.instances().contains { $0.inFlight == 50 } })
                #expect(launcher.socketRequests.count == 1)
                gate.open()
                answers.open()
                for try await status in calls { #expect(status == 200) }
            }
            #expect(launcher.socketRequests.count < 6, "\(launcher.socketRequests)")
        }
    }
}

extension StringProtocol {
    /// How often `part` occurs.
    func components(_ part: String) -> Int { ranges(of: part).count }
}

extension Array where Element == UInt8 {
    func ends(with text: String) -> Bool { suffix(text.utf8.count).elementsEqual(text.utf8) }
}
