// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Gateway
import NIOHTTP1
import Testing

/// What a function is told of where its call comes from, and of whose trace it is part.
@Suite struct OriginTests {
    /// What the function got of a call with these headers.
    private func sent(_ headers: String, host: String = "f.localhost", target: String = "/") async throws -> HTTPHeaders {
        let backend = try await Backend.start { _ in Backend.answer("ok") }
        try await TestHost.with([function("f", on: backend)]) { (test: TestHost) async throws in
            #expect(try await test.send("GET \(target) HTTP/1.1\r\nHost: \(host)\r\n\(headers)\r\n").status == 200)
        }
        return try #require(backend.requests.first).headers
    }

    @Test func `who is first tells the client's address, host and scheme`() async throws {
        let plain = try await sent("")
        #expect(plain["x-forwarded-for"] == ["127.0.0.1"] && plain["x-forwarded-proto"] == ["http"])
        #expect(plain["x-forwarded-host"] == ["f.localhost"])
        #expect(plain["forwarded"] == ["for=127.0.0.1;host=\"f.localhost\";proto=http"])
        let withPort = try await sent("", host: "other", target: "http://f.localhost:81/x")
        #expect(withPort["host"] == ["f.localhost:81"] && withPort["forwarded"] == ["for=127.0.0.1;host=\"f.localhost:81\";proto=http"])
    }

    @Test func `what those before have told goes on, with the caller's address behind it`() async throws {
        let told = try await sent(
            "X-Forwarded-For: 9.9.9.9, 8.8.8.8\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nX-Forwarded-For: 7.7.7.7\r\n"
                + "Forwarded: for=9.9.9.9;proto=https\r\n")
        #expect(told["x-forwarded-for"] == ["9.9.9.9, 8.8.8.8, 7.7.7.7, 127.0.0.1"])
        #expect(told["x-forwarded-proto"] == ["http"] && told["x-forwarded-host"] == ["f.localhost"])
        #expect(told["forwarded"] == ["for=9.9.9.9;proto=https, for=127.0.0.1;host=\"f.localhost\";proto=http"])
        // The one does not make the other up.
        let one = try await sent("Forwarded: for=9.9.9.9\r\n")
        #expect(one["x-forwarded-for"] == ["127.0.0.1"] && one["forwarded"].first?.hasPrefix("for=9.9.9.9, for=127.0.0.1;") == true)
    }

    private static let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    @Test(arguments: [parent, "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00-later"])
    func `a caller's trace goes on, with its state`(_ parent: String) async throws {
        let headers = "tracestate: a=1,b=2\r\nTraceParent: \(parent)\r\ntracestate: c=3\r\n"
        let http = try await sent(headers)
        #expect(http["traceparent"] == [parent] && http["tracestate"] == ["a=1,b=2", "c=3"])
        let backend = try await Backend.start { _ in Backend.answer("ok") }
        try await TestHost.with([function("f", on: backend)]) { (host: TestHost) async throws in
            #expect(try await host.invoke("f", headers: headers).status == 200)
        }
        let event = try #require(backend.requests.first).headers
        #expect(event["traceparent"] == [parent] && event["tracestate"] == ["a=1,b=2", "c=3"])
    }

    @Test(arguments: [
        "", "traceparent: \r\n", "traceparent: 00-00000000000000000000000000000000-b7ad6b7169203331-01\r\n",
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01\r\n",
        "traceparent: 00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01\r\n",
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331\r\n",
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more\r\n",
        "traceparent: ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n",
        "traceparent: 00-0af7651916cd43dd8448eb211c80319-b7ad6b71692033311-01\r\n",
    ])
    func `what is no trace is replaced by a new one, and its state goes with it`(_ given: String) async throws {
        let one = try await sent(given + "tracestate: a=1\r\n")
        let parent = try #require(one["traceparent"].first)
        #expect(parent.wholeMatch(of: /00-[0-9a-f]{32}-[0-9a-f]{16}-01/) != nil && !given.contains(parent), "\(parent)")
        #expect(one["traceparent"].count == 1 && one["tracestate"] == [])
        #expect(try await sent(given)["traceparent"] != [parent])
    }
}
