// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Testing

@Suite struct DomainTests {
    private func domain(_ routes: String) throws -> CustomDomain {
        try CustomDomain(creating: ["domainName": "a.example", "routeConfig": try JSONValue(parsing: #"{"routes":\#(routes)}"#)])
    }

    @Test func `an exact path goes before a prefix, a longer prefix before a shorter one, and methods are looked at`() throws {
        let domain = try domain(
            #"""
            [{"path":"/*","functionName":"all"},{"path":"/api/*","functionName":"api"},{"path":"/api/v2/*","functionName":"v2","methods":["GET"]},
            {"path":"/api/login","functionName":"login"}]
            """#)
        for (method, path, function) in [
            ("GET", "/", "all"), ("GET", "/apis", "all"), ("GET", "/api", "api"), ("GET", "/api/x", "api"), ("GET", "/api/v2/x", "v2"),
            ("POST", "/api/v2/x", "api"), ("GET", "/api/login", "login"), ("GET", "/api/login/x", "api"),
        ] { #expect(domain.route(method: method, path: path[...])?.function == function, "\(method) \(path)") }
        #expect(try self.domain(#"[{"path":"/a","functionName":"f"}]"#).route(method: "GET", path: "/b") == nil)
    }

    @Test(arguments: [
        (#""equalRules":[{"match":"/old","replacement":"/new"}]"#, "/old?a=b", "/new?a=b"),
        (#""equalRules":[{"match":"/old","replacement":"/new"}]"#, "/older", "/older"),
        (#""wildcardRules":[{"match":"/api/*","replacement":"/$1"}]"#, "/api/getFunctionName?Version=1", "/getFunctionName?Version=1"),
        (#""wildcardRules":[{"match":"/old","replacement":"/new"}]"#, "/test/old", "/new"),
        (#""wildcardRules":[{"match":"^/old","replacement":"/new"}]"#, "/test/old", "/test/old"),
        (#""wildcardRules":[{"match":"^/a/*/b/*","replacement":"/$2/$1/$3"}]"#, "/a/x/b/y/b/z", "/z/x/b/y/"),
        (#""wildcardRules":[{"match":"^/*.html","replacement":"/pages/$1"}]"#, "/a/b.html", "/pages/a/b"),
        (#""regexRules":[{"match":"^/v(\\d+)/(.*)$","replacement":"/$2?v=$1"}]"#, "/v12/users", "/users?v=12"),
        (#""regexRules":[{"match":"b+","replacement":"c"}]"#, "/abba", "/aca"),
        (
            #""regexRules":[{"match":"^/x","replacement":"/regex"}],"wildcardRules":[{"match":"^/x","replacement":"/wild"}],"equalRules":[{"match":"/x","replacement":"/equal"}]"#,
            "/x", "/equal"
        ),
    ])
    func `a path is rewritten by the first rule that matches`(_ rules: String, _ target: String, _ rewritten: String) throws {
        let domain = try domain(#"[{"path":"/*","functionName":"f","rewriteConfig":{\#(rules)}}]"#)
        #expect(domain.routes.first?.rewrite.apply(to: target) == rewritten)
    }
}
