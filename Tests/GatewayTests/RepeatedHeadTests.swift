// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Gateway
import NIOCore
import NIOHTTP1
import Testing

/// A head whose bytes came before is not read again, and what goes on for it is not written again: nobody may notice.
@Suite struct RepeatedHeadTests {
    private struct Message: Sendable {
        var text: String
        var isHEAD = false

        init(_ start: String, _ headers: String = "", _ body: String = "", host: String = "f.localhost") {
            text = "\(start) HTTP/1.1\r\nHost: \(host)\r\n\(headers)\r\n\(body)"
            isHEAD = start.hasPrefix("HEAD")
        }
    }

    private static let messages = [
        Message("GET /a?b=c", "Cookie: a=1\r\nX-Mine: 1\r\n"),
        Message("GET /a?b=c", "Cookie: a=2\r\nX-Mine: 1\r\n"),
        Message("GET /a?b=c", "Cookie: a=1\r\nX-Mine: 1\r\n", host: "g.localhost"),
        Message("GET /a?b=c", "Cookie: a=1\r\nX-Mine: 1\r\nX-More: 1\r\n"),
        Message("HEAD /a"), Message("GET /a"), Message("GET /chunked"), Message("HEAD /chunked"), Message("GET /204"), Message("GET /304"),
        Message("POST /a", "Content-Length: 4\r\n", "body"), Message("POST /a", "Content-Length: 4\r\n", "BODY"), Message("POST /a"),
        Message("PUT /a", "Transfer-Encoding: chunked\r\nTrailer: X-T\r\n", "3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n"),
        Message("PUT /a", "Transfer-Encoding: chunked\r\n", "4\r\nabcd\r\n0\r\n\r\n"),
        Message("GET /a", "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\ntracestate: a=b\r\n"),
        Message("GET /a", "X-Forwarded-For: 9.9.9.9\r\nConnection: X-Private\r\nX-Private: 1\r\nX-Fc-Account-Id: 6\r\n"),
        Message("GET /http/f/p?q", host: "h"), Message("GET http://f.localhost/abs", host: "h"),
        Message("POST /2023-03-30/functions/f/invocations", "Content-Length: 2\r\n", "{}", host: "h"),
        Message("POST /2023-03-30/functions/g/invocations", "Content-Length: 2\r\n", "{}", host: "h"),
    ]

    private static func answer(_ request: Backend.Request) -> [Backend.Step] {
        let again = "\(request.method) \(request.target) \(request.body)"
        if request.target == "/204" { return [.send("HTTP/1.1 204 None\r\nX-Kept: 1\r\n\r\n")] }
        if request.target == "/304" { return [.send("HTTP/1.1 304 Same\r\nContent-Length: 7\r\nETag: x\r\n\r\n")] }
        let isHEAD = request.method == "HEAD"
        if request.target == "/chunked" {
            return [.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Kept: 1\r\n\r\n" + (isHEAD ? "" : "2\r\nhi\r\n0\r\n\r\n"))]
        }
        if isHEAD { return [.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer: me\r\n\r\n")] }
        return Backend.answer(again, headers: "Server: me\r\nX-Fc-Status: 1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n")
    }

    /// What both sides got, but for what is another for each call.
    private static func told(_ answer: RawClient.Answer, _ request: Backend.Request, given: Bool) -> [String] {
        let own = ["x-fc-request-id", "date", "x-fc-invocation-duration", "server-timing"]
        let head = answer.head.split(separator: "\r\n").filter { line in !own.contains { line.lowercased().hasPrefix($0 + ":") } }
        let fields = request.headers.map { "\($0.name): \($0.value)" }.filter { line in
            let name = line.lowercased()
            return !name.hasPrefix("x-fc-request-id:") && (given || !name.hasPrefix("traceparent:"))
        }
        let start = "\(request.method) \(request.target) \(request.body) \(request.trailers.map { "\($0)" })"
        return [answer.text, start] + head.map(String.init) + fields
    }

    @Test func `what comes again is told as what came for the first time`() async throws {
        let backend = try await Backend.start(Self.answer)
        let functions = ["f", "g"].map { function($0, on: backend) { $0.instanceConcurrency = 20 } }
        try await TestHost.with(functions, threads: 1) { (host: TestHost) async throws in
            let told = try await blocking { [port = host.port] in
                var (first, ids) = ([[String]](), Set<String>())
                func exchange(_ message: Message, _ client: RawClient) throws -> [String] {
                    try client.send(message.text)
                    let answer = try client.answer(head: message.isHEAD)
                    let request = try #require(backend.requests.last)
                    let id = try #require(answer.header("x-fc-request-id"))
                    #expect(ids.insert(id).inserted && request.headers["x-fc-request-id"] == [id], "one id for two calls")
                    #expect(request.headers["traceparent"].count == 1)
                    return Self.told(answer, request, given: message.text.contains("traceparent"))
                }
                // The first answer of an instance tells of its start.
                for message in Self.messages { _ = try exchange(message, RawClient(port: port)) }
                for message in Self.messages { first.append(try exchange(message, RawClient(port: port))) }
                let client = try RawClient(port: port)
                var (state, wrong) = (UInt64(7), [String]())
                for turn in 0..<600 {
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    // The same for a while, or each time another.
                    let index = turn / 200 == 1 ? turn % Self.messages.count : turn / 8 * 5 % Self.messages.count
                    let number = state >> 60 == 0 ? Int(state >> 33) % Self.messages.count : index
                    let again = try exchange(Self.messages[number], client)
                    if again != first[number] { wrong.append("\(Self.messages[number].text): \(again) in place of \(first[number])") }
                }
                return wrong
            }
            #expect(told.isEmpty, "\(told.first ?? "")")
        }
    }

    @Test func `a function that was changed is told of its new state by a head that is known`() async throws {
        let backend = try await Backend.start { _ in Backend.answer("ok") }
        func state(_ revision: Int64, _ memory: Int) -> RunnableVersion {
            function("f", on: backend, revision: revision) { $0.memorySize = memory }
        }
        try await TestHost.with([state(1, 256)], threads: 1) { (host: TestHost) async throws in
            let client = try RawClient(port: host.port)
            func memory() async throws -> String? {
                _ = try await blocking {
                    try client.send("GET / HTTP/1.1\r\nHost: f.localhost\r\n\r\n")
                    return try client.answer()
                }
                return backend.requests.last?.headers["x-fc-function-memory"].first
            }
            for _ in 0..<4 { #expect(try await memory() == "256") }
            await host.gateway.publish(TestHost.snapshot([state(2, 512)]))
            for _ in 0..<4 { #expect(try await memory() == "512") }
        }
    }
}
