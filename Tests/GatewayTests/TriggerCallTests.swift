// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Gateway
import NIOCore
import NIOHTTP1
import Testing

/// Takes whoever says `let me in`.
private struct Doorman: CallAuthentication {
    func refusal(of rule: CallerRule) async -> String? { nil }

    func verify(_ call: PresentedCall, by rule: CallerRule) async throws(ServiceError) -> [PassedClaim] {
        guard call.headers.contains(where: { $0.name.lowercased() == "authorization" && $0.value == "let me in" }) else {
            throw ServiceError(
                status: 403, code: "AccessDenied", message: "\(call.method) \(call.target) of \(call.function)@\(call.qualifier)")
        }
        return [
            PassedClaim(place: .header, name: "X-User", value: "A\r\nB: c"), PassedClaim(place: .query, name: "uid", value: "7&x=1"),
        ]
    }
}

@Suite struct TriggerCallTests {
    private static func with(
        _ config: String, qualifier: String = "LATEST", _ body: (TestHost, Backend) async throws -> Void
    ) async throws {
        let backend = try await Backend.start { Backend.answer("\($0.method) \($0.target)") }
        var options = GatewayOptions()
        options.authentication = Doorman()
        try await TestHost.with([], options: options) { (host: TestHost) async throws in
            var route = FunctionRoute(state: .active, versions: ["LATEST": function("f", on: backend)])
            route.aliases["prod"] = FunctionAlias(name: "prod", version: "LATEST")
            route.triggers = [
                try FunctionTrigger(creating: [
                    "triggerName": "t", "triggerType": "http", "triggerConfig": .string(config), "qualifier": .string(qualifier),
                ])
            ]
            await host.gateway.publish(RoutingSnapshot(functions: ["f": route]))
            try await body(host, backend)
        }
    }

    private func send(
        _ host: TestHost, _ line: String, name: String = "f.localhost", _ headers: String = ""
    ) async throws -> RawClient.Answer {
        try await host.send("\(line) HTTP/1.1\r\nHost: \(name)\r\n\(headers)\r\n")
    }

    @Test func `only the trigger's methods come in`() async throws {
        try await Self.with(#"{"authType":"anonymous","methods":["GET"]}"#) { host, backend in
            #expect(try await send(host, "GET /a?b=c").text == "GET /a?b=c")
            let refused = try await send(host, "DELETE /a")
            #expect(
                refused.status == 403 && refused.text.contains("AccessDenied") && refused.text.contains("it takes GET"), "\(refused.text)")
            #expect(backend.requests.count == 1)
        }
    }

    @Test func `a qualifier without a trigger takes no HTTP calls where another one has it, and events come in all the same`() async throws
    {
        try await Self.with(#"{"authType":"anonymous","methods":["GET"]}"#, qualifier: "prod") { host, _ in
            #expect(try await send(host, "GET /", name: "PROD.f.localhost").status == 200)
            #expect(try await send(host, "GET /http/f@prod/x?y", name: "h").text == "GET /x?y")
            for answer in [try await send(host, "GET /"), try await send(host, "GET /http/f/", name: "h")] {
                #expect(
                    answer.status == 404 && answer.text.contains("TriggerNotFound") && answer.text.contains("'LATEST'"), "\(answer.text)")
            }
            #expect(try await host.invoke("f").status == 200)
        }
    }

    @Test func `what a token says takes the place of what the client sends in its name, and ends no line and no parameter`() async throws {
        let config =
            #"{"authType":"jwt","methods":["GET"],"authConfig":{"jwks":{"keys":[{}]},"tokenLookup":"query:t","#
            + #""claimPassBy":"header:sub:X-User,query:n:uid"}}"#
        try await Self.with(config) { host, backend in
            let answer = try await send(
                host, "GET /a?uid=1&b=c;uid=2&%75id=3&d=e", "Authorization: let me in\r\nx-user: root\r\nX-USER: admin\r\n")
            #expect(answer.text == "GET /a?d=e&uid=7%26x%3D1", "\(answer.text)")
            #expect(backend.requests.last?.headers["x-user"] == ["A%0D%0AB: c"])
            #expect(try await send(host, "GET /a").status == 403)
            // Behind a body as well: a server may take trailers for fields of the head.
            let trailing = try await host.send(
                "GET /a HTTP/1.1\r\nHost: f.localhost\r\nAuthorization: let me in\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "1\r\nx\r\n0\r\nX-User: root\r\nX-Sum: 17\r\n\r\n")
            #expect(trailing.status == 200)
            #expect(backend.requests.last?.headers["x-user"] == ["A%0D%0AB: c"])
            #expect(backend.requests.last?.trailers.map(\.name) == ["X-Sum"])
        }
    }

    @Test func `with the internet URL disabled only the path form is left, for clients on the host`() async throws {
        try await Self.with(#"{"authType":"anonymous","methods":["GET"],"disableURLInternet":true}"#) { host, _ in
            let refused = try await send(host, "GET /")
            #expect(refused.status == 403 && refused.text.contains("internet URL is disable"), "\(refused.text)")
            #expect(try await send(host, "GET /http/f/x", name: "h").text == "GET /x")
        }
    }

    @Test func `a trigger that wants to know who calls asks, and the body waits meanwhile`() async throws {
        try await Self.with(#"{"authType":"function","methods":["GET","POST"]}"#) { host, backend in
            let refused = try await send(host, "GET /a?b")
            #expect(refused.status == 403 && refused.text.contains("GET /a?b of f@LATEST"), "\(refused.text)")
            #expect(backend.requests.isEmpty)
            let taken = try await host.send(
                "POST /a HTTP/1.1\r\nHost: f.localhost\r\nAuthorization: let me in\r\nContent-Length: 5\r\n\r\nhello")
            #expect(taken.status == 200 && backend.requests.first?.body == "hello")
        }
    }

    @Test func `a preflight is answered without an instance, by the rule`() async throws {
        let cors =
            #"{"allowOrigins":["https://*.example.com"],"allowMethods":["PUT"],"allowHeaders":["X-A"],"maxAge":60,"exposeHeaders":["x-b"]}"#
        try await Self.with(#"{"authType":"function","methods":["PUT"],"corsConfig":\#(cors)}"#) { host, backend in
            let asked = "Access-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: x-a\r\n"
            let allowed = try await host.send(
                "OPTIONS / HTTP/1.1\r\nHost: f.localhost\r\nOrigin: https://a.example.com\r\n\(asked)\r\n", head: true)
            #expect(allowed.status == 204 && allowed.header("access-control-allow-origin") == "https://a.example.com")
            #expect(allowed.header("access-control-allow-methods") == "PUT" && allowed.header("access-control-allow-headers") == "x-a")
            #expect(allowed.header("access-control-max-age") == "60" && allowed.header("access-control-allow-credentials") == nil)
            for (origin, method) in [("https://example.org", "PUT"), ("https://a.example.com", "GET")] {
                let refused = try await send(host, "OPTIONS /", "Origin: \(origin)\r\nAccess-Control-Request-Method: \(method)\r\n")
                #expect(refused.status == 403, "\(origin) \(method)")
            }
            #expect(backend.requests.isEmpty)
            let answer = try await send(host, "PUT /", "Origin: https://a.example.com\r\nAuthorization: let me in\r\n")
            #expect(answer.header("access-control-expose-headers") == "x-b" && answer.header("vary") == "Origin")
        }
    }

    @Test func `without a rule every origin may read, and a preflight goes to the function`() async throws {
        try await Self.with(#"{"authType":"anonymous","methods":["GET","OPTIONS"]}"#) { host, backend in
            let answer = try await send(host, "GET /", "Origin: https://a.example\r\n")
            #expect(answer.header("access-control-allow-origin") == "https://a.example")
            #expect(answer.header("access-control-allow-credentials") == "true")
            _ = try await send(host, "OPTIONS /", "Origin: https://a.example\r\nAccess-Control-Request-Method: GET\r\n")
            #expect(backend.requests.count == 2)
            #expect(try await send(host, "GET /").header("access-control-allow-origin") == nil)
        }
    }
}
