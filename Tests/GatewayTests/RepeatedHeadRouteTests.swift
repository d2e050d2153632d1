// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Gateway
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

/// Says that the caller is the next number; from the test's word on it waits before it says so.
private final class Counter: CallAuthentication {
    let waits = Mutex<Gate?>(nil)
    let asked = Atomic(0)

    func refusal(of rule: CallerRule) async -> String? { nil }

    func verify(_ call: PresentedCall, by rule: CallerRule) async throws(ServiceError) -> [PassedClaim] {
        let number = asked.add(1, ordering: .sequentiallyConsistent).newValue
        if let gate = waits.withLock({ $0 }) { do { try await gate.opened.get() } catch { return [] } }
        return [PassedClaim(place: .header, name: "X-User", value: "\(number)")]
    }
}

/// Where a head that came before leads to is looked up each time.
@Suite struct RepeatedHeadRouteTests {
    private static func token(_ passedBy: String) -> JSONValue {
        var info: [String: JSONValue] = ["jwks": ["keys": [[:]]], "tokenLookup": "header:Authorization"]
        if !passedBy.isEmpty { info["claimPassBy"] = .string(passedBy) }
        return .object(info)
    }

    /// `f` below a domain that rewrites paths to `/part/…`.
    private static func snapshot(_ backend: Backend, part: String, passedBy: String) throws -> RoutingSnapshot {
        var snapshot = TestHost.snapshot([function("f", on: backend)])
        let rule: JSONValue = ["wildcardRules": [["match": "/*", "replacement": .string("/\(part)/$1")]]]
        snapshot.domains["d.example"] = try CustomDomain(creating: [
            "domainName": "d.example", "authConfig": ["authType": "jwt", "authInfo": token(passedBy)],
            "routeConfig": ["routes": [["path": "/*", "functionName": "f", "rewriteConfig": rule]]],
        ])
        return snapshot
    }

    private static func with(_ passedBy: String, _ body: (TestHost, Backend, Counter) async throws -> Void) async throws {
        let (backend, counter) = (try await Backend.start { Backend.answer($0.target) }, Counter())
        var options = GatewayOptions()
        options.authentication = counter
        try await TestHost.with([], options: options, threads: 1) { (host: TestHost) async throws in
            await host.gateway.publish(try snapshot(backend, part: "old", passedBy: passedBy))
            try await body(host, backend, counter)
        }
    }

    private static let request = "GET /a HTTP/1.1\r\nHost: d.example\r\nX-User: root\r\n\r\n"

    private func ask(_ client: RawClient) async throws -> String {
        try await blocking {
            try client.send(Self.request)
            return try client.answer().text
        }
    }

    @Test func `what a caller's token says is said anew for each call`() async throws {
        try await Self.with("header:sub:X-User") { host, backend, _ in
            let client = try RawClient(port: host.port)
            for number in 1...6 {
                #expect(try await ask(client) == "/old/a")
                #expect(backend.requests.last?.headers["x-user"] == ["\(number)"])
            }
        }
    }

    /// Rules and target are of the table before, and the version is of the table after: what was written for such a call is written for no other.
    @Test func `a rewrite that changes while a caller is verified is not kept`() async throws {
        try await Self.with("") { host, backend, counter in
            let client = try RawClient(port: host.port)
            for _ in 0..<4 { #expect(try await ask(client) == "/old/a") }
            let gate = Gate()
            counter.waits.withLock { $0 = gate }
            async let between = ask(client)
            #expect(try await eventually { counter.asked.load(ordering: .sequentiallyConsistent) == 5 })
            await host.gateway.publish(try Self.snapshot(backend, part: "new", passedBy: ""))
            gate.open()
            #expect(try await between == "/old/a")
            for _ in 0..<4 { #expect(try await ask(client) == "/new/a") }
            #expect(backend.requests.suffix(4).allSatisfy { $0.headers["x-fc-base-path"] == ["/new/a"] })
        }
    }

    @Test func `the versions of an alias take turns`() async throws {
        let backends = [
            try await Backend.start { Backend.answer("1 \($0.headers["x-fc-version-id"].joined())") },
            try await Backend.start { Backend.answer("2 \($0.headers["x-fc-version-id"].joined())") },
        ]
        try await TestHost.with([], threads: 1) { (host: TestHost) async throws in
            let share = try #require(TrafficShare(fraction: 0.5))
            var route = FunctionRoute(state: .active, versions: [:], aliases: [:])
            route.aliases["prod"] = FunctionAlias(name: "prod", version: "1", additional: .init(version: "2", share: share))
            for (index, backend) in backends.enumerated() {
                var version = function("f", on: backend) { $0.memorySize = 256 << index }
                version.key.version = "\(index + 1)"
                route.versions[version.key.version] = version
            }
            await host.gateway.publish(RoutingSnapshot(functions: ["f": route]))
            let client = try RawClient(port: host.port)
            let told = try await blocking {
                try (0..<40).map { _ in
                    try client.send("GET /http/f@prod/ HTTP/1.1\r\nHost: h\r\n\r\n")
                    let answer = try client.answer()
                    return [answer.text, answer.header("x-fc-invocation-function-version") ?? ""]
                }
            }
            for answer in told { #expect(answer[0].hasPrefix(answer[1])) }
            #expect(Set(told.map { $0[0].prefix(1) }).count == 2)
            let fields = backends.map { Set($0.requests.map { $0.headers.filter { $0.name.hasPrefix("x-fc-function") }.map(\.value) }) }
            #expect(fields.allSatisfy { $0.count == 1 }, "a version was told of another: \(fields)")
        }
    }
}
