// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Gateway
import NIOCore
import NIOHTTP1
import Testing

/// What comes behind a body and before an answer, over HTTP/1.1 on both sides.
@Suite struct TrailerTests {
    /// All that comes until the gateway closes.
    private func everything(_ host: TestHost, _ request: String) async throws -> String {
        try await blocking {
            let client = try RawClient(port: host.port)
            try client.send(request)
            var all: [UInt8] = []
            while case let more = try client.receive(), !more.isEmpty { all += more }
            return String(decoding: all, as: UTF8.self)
        }
    }

    @Test func `trailers of a request reach the function, but for those that frame, route or name a caller`() async throws {
        let backend = try await Backend.start { Backend.answer($0.body) }
        try await TestHost.with([function("f", on: backend)]) { (host: TestHost) async throws in
            let forbidden = [
                "Host: evil", "Content-Length: 9", "Transfer-Encoding: chunked", "Connection: close", "Upgrade: x", "TE: gzip", "Expect: x",
                "X-Fc-Account-Id: 9", "x_fc_account_id: 9", "Forwarded: for=1", "X-Forwarded-For: 9.9.9.9", "X-Forwarded-Proto: https",
                "X-Forwarded-Host: evil", "traceparent: x", "tracestate: x", "Authorization: Bearer x", "Cookie: a=b",
                "Proxy-Authorization: x",
            ]
            let answer = try await host.send(
                "POST / HTTP/1.1\r\nHost: f.localhost\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\nTrailer: X-Sum, X-More\r\n\r\n"
                    + "4\r\nbody\r\n0\r\nX-Sum: 17\r\n\(forbidden.joined(separator: "\r\n"))\r\nx-more: a, b\r\n\r\n")
            #expect(answer.text == "body")
            let request = try #require(backend.requests.first)
            #expect(request.trailers.map { "\($0.name): \($0.value)" } == ["X-Sum: 17", "x-more: a, b"])
            #expect(request.headers["trailer"] == ["X-Sum, X-More"])
            // They are the call's, not the connection's.
            #expect(try await host.get("f", "/").status == 200)
            #expect(backend.requests.last?.trailers.isEmpty == true)
        }
    }

    @Test func `a request whose body waits for an instance keeps its trailers`() async throws {
        let backend = try await Backend.start { Backend.answer($0.body) }
        let launcher = FakeLauncher { _ in .listens(after: .milliseconds(100)) }
        try await TestHost.with([function("f", on: backend)], launcher: launcher) { (host: TestHost) async throws in
            let request = "POST / HTTP/1.1\r\nHost: f.localhost\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nX-Sum: 17\r\n\r\n"
            #expect(try await host.send(request).text == "body")
            #expect(backend.requests.first?.trailers["x-sum"] == ["17"])
        }
    }

    @Test func `trailers of an answer reach the client, but for those that only the host may say`() async throws {
        let trailers =
            "X-Sum: 17\r\nX-Fc-Request-Id: 1\r\nSet-Cookie: a=b\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\nServer: me\r\n"
        let backend = try await Backend.start { request in
            [
                .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n4\r\nbody\r\n"), .wait(.milliseconds(20)),
                .send("0\r\n\(trailers)\r\n"),
            ]
        }
        try await TestHost.with([function("f", on: backend)]) { (host: TestHost) async throws in
            let request = "GET / HTTP/1.1\r\nHost: f.localhost\r\nTE: trailers\r\n"
            let all = try await everything(host, request + "\r\n" + request + "Connection: close\r\n\r\n")
            #expect(all.components("\r\n\r\n4\r\nbody\r\n0\r\nX-Sum: 17\r\n\r\n") == 2 && all.hasSuffix("X-Sum: 17\r\n\r\n"), "\(all)")
            #expect(all.components("Trailer: X-Sum\r\n") == 2)
            // HTTP/1.0 has no chunks, and so no place for them.
            let old = try await everything(host, "GET / HTTP/1.0\r\nHost: f.localhost\r\n\r\n")
            #expect(old.hasSuffix("\r\n\r\nbody"), "\(old)")
        }
    }

    @Test func `answers before the answer are passed on as they come`() async throws {
        let gate = Gate()
        let backend = try await Backend.start { request in
            [
                .send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"),
                .send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nX-Fc-Status: 1\r\nConnection: x\r\n\r\n"), .hold(gate),
                .send("HTTP/1.1 103 Early Hints\r\nLink: </b.css>; rel=preload\r\n\r\n"),
            ] + Backend.answer("done")
        }
        try await TestHost.with([function("f", on: backend)]) { (host: TestHost) async throws in
            let all = try await blocking {
                let client = try RawClient(port: host.port)
                try client.send("GET / HTTP/1.1\r\nHost: f.localhost\r\nConnection: close\r\n\r\n")
                var text = ""
                // The function goes on when the first hint is here: a gateway that held it back would never end this.
                while case let more = try client.receive(), !more.isEmpty {
                    text += String(decoding: more, as: UTF8.self)
                    if text.contains("a.css>; rel=preload\r\n\r\n") { gate.open() }
                }
                return text
            }
            let parts = all.split(separator: "\r\n\r\n").map(String.init)
            try #require(parts.count == 5, "\(all)")
            #expect(parts[0] == "HTTP/1.1 102 Processing")
            #expect(parts[1] == "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload")
            #expect(parts[2] == "HTTP/1.1 103 Early Hints\r\nLink: </b.css>; rel=preload")
            #expect(parts[3].hasPrefix("HTTP/1.1 200 OK\r\n") && parts[4] == "done")
            // HTTP/1.0 knows none, and an event's answer has no place for them.
            let old = try await everything(host, "GET / HTTP/1.0\r\nHost: f.localhost\r\n\r\n")
            #expect(old.hasPrefix("HTTP/1.1 200") && old.components("HTTP/1.1") == 1, "\(old)")
            let event = try await everything(host, event("f", headers: "Connection: close\r\n"))
            #expect(event.hasPrefix("HTTP/1.1 200") && event.components("HTTP/1.1") == 1, "\(event)")
        }
    }
}
