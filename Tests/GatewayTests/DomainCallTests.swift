// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Gateway
import NIOCore
import NIOHTTP1
import Testing

@Suite struct DomainCallTests {
    @Test func `a host name of somebody's own leads to functions by its paths`() async throws {
        let backend = try await Backend.start { request in
            Backend.answer(
                "\(request.headers["x-fc-function-name"].first ?? "") \(request.headers["x-fc-qualifier"].first ?? "") \(request.target)")
        }
        try await TestHost.with([]) { host in
            var snapshot = TestHost.snapshot([function("shop", on: backend), function("admin", on: backend)])
            snapshot.functions["shop"]?.aliases["prod"] = FunctionAlias(name: "prod", version: "LATEST")
            let routes: JSONValue = [
                "routes": [
                    ["path": "/*", "functionName": "shop", "qualifier": "prod"],
                    [
                        "path": "/admin/*", "functionName": "admin", "methods": ["GET"],
                        "rewriteConfig": ["wildcardRules": [["match": "^/admin/*", "replacement": "/$1"]]],
                    ],
                ]
            ]
            for name in ["shop.example", "*.wild.example"] {
                let domain = try CustomDomain(creating: ["domainName": .string(name), "routeConfig": routes])
                snapshot.domains[domain.name] = domain
            }
            snapshot.domains["empty.example"] = try CustomDomain(creating: ["domainName": "empty.example"])
            await host.gateway.publish(snapshot)
            func get(_ name: String, _ target: String) async throws -> RawClient.Answer {
                try await host.send("GET \(target) HTTP/1.1\r\nHost: \(name)\r\n\r\n")
            }
            #expect(try await get("shop.example", "/a?b=c").text == "shop prod /a?b=c")
            #expect(try await get("SHOP.example:8080", "/admin/x?y").text == "admin LATEST /x?y")
            #expect(try await get("eu.wild.example", "/2023-03-30/functions").text == "shop prod /2023-03-30/functions")
            let missing = try await get("empty.example", "/a")
            #expect(missing.status == 404 && missing.text.contains("DomainRouteNotFound") && missing.text.contains("empty.example"))
            #expect(try await get("wild.example", "/").status == 404, "a star stands for one label, and no API is behind this gateway")
        }
    }
}
