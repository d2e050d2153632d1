// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Gateway
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

private final class Flag: Sendable {
    let isRaised = Atomic(false)
}

/// One backend for each of two versions, and an alias over them.
@Suite struct AliasCallTests {
    private static func alias(_ share: Double, _ sticky: StickyKey? = nil) -> FunctionAlias {
        FunctionAlias(name: "prod", version: "1", additional: .init(version: "2", share: TrafficShare(fraction: share)!), sticky: sticky)
    }

    private static func snapshot(_ backends: [Backend], _ alias: FunctionAlias) -> RoutingSnapshot {
        var route = FunctionRoute(state: .active, versions: [:], aliases: [alias.name: alias])
        for (index, backend) in backends.enumerated() {
            var version = function("f", on: backend) { $0.instanceConcurrency = 100 }
            version.key.version = "\(index + 1)"
            route.versions[version.key.version] = version
        }
        return RoutingSnapshot(functions: ["f": route])
    }

    private static func with(
        _ alias: FunctionAlias, versions: Int = 2, _ body: (TestHost, [Backend]) async throws -> Void
    ) async throws {
        var backends: [Backend] = []
        for number in 1...versions {
            backends.append(try await Backend.start { Backend.answer("v\(number) \($0.headers["x-fc-qualifier"].joined())") })
        }
        try await TestHost.with([]) { (host: TestHost) async throws in
            await host.gateway.publish(snapshot(backends, alias))
            try await body(host, backends)
        }
    }

    private func call(_ host: TestHost, headers: String = "") async throws -> RawClient.Answer {
        try await host.send(
            "POST /2023-03-30/functions/f/invocations?qualifier=prod HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\(headers)\r\n")
    }

    @Test func `calls are split exactly by weight, and the answer names the version that served`() async throws {
        try await Self.with(Self.alias(0.1)) { host, _ in
            var served: [String] = []
            for _ in 0..<30 {
                let answer = try await call(host)
                let version = try #require(answer.header("x-fc-invocation-function-version"))
                #expect(answer.text == "v\(version) prod", "the function sees the qualifier that was asked for")
                served.append(version)
            }
            #expect(served.count { $0 == "2" } == 3)
            for window in 0...20 { #expect(served[window..<window + 10].count { $0 == "2" } == 1) }
        }
    }

    @Test func `an alias is a host name too, in any case`() async throws {
        try await Self.with(Self.alias(1)) { host, _ in
            for name in ["prod", "PROD"] {
                let answer = try await host.send("GET / HTTP/1.1\r\nHost: \(name).f.localhost\r\n\r\n")
                #expect((answer.text, answer.header("x-fc-invocation-function-version")) == ("v2 prod", "2"))
            }
        }
    }

    @Test func `a sticky alias keeps a caller on one side, by header or cookie`() async throws {
        for key in [StickyKey.header("x-user"), .cookie("sid")] {
            try await Self.with(Self.alias(0.5, key)) { host, _ in
                var sides: Set<String> = []
                for caller in 0..<20 {
                    let header = if case .header = key { "x-user: \(caller)\r\n" } else { "Cookie: a=b; sid=\(caller); c=d\r\n" }
                    var answers: Set<String> = []
                    for _ in 0..<4 { answers.insert(try await call(host, headers: header).text) }
                    #expect(answers.count == 1, "caller \(caller) was sent to \(answers)")
                    sides.formUnion(answers)
                }
                #expect(sides.count == 2)
                var split: Set<String> = []
                for _ in 0..<4 { split.insert(try await call(host).text) }
                #expect(split.count == 2, "who says nothing is split call by call")
            }
        }
    }

    @Test func `what an alias leads to and is not there is named`() async throws {
        try await Self.with(Self.alias(1), versions: 1) { host, _ in
            let answer = try await call(host)
            #expect(answer.status == 404)
            for part in ["VersionNotFound", "'2'", "'prod'"] { #expect(answer.text.contains(part), "\(answer.text)") }
            let missing = try await host.send(
                "POST /2023-03-30/functions/f/invocations?qualifier=beta HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
            #expect(missing.status == 404 && missing.text.contains("AliasNotFound") && missing.text.contains("'beta'"))
        }
    }

    @Test func `an unrelated change does not begin the split anew`() async throws {
        try await Self.with(Self.alias(0.5)) { host, backends in
            var served: [String] = []
            for _ in 0..<10 {
                served.append(try await call(host).text)
                await host.gateway.publish(Self.snapshot(backends, Self.alias(0.5)))
            }
            #expect(served.count { $0.hasPrefix("v2") } == 5)
        }
    }

    @Test func `weights shift under load from 0 to 100 %, and no call is lost`() async throws {
        try await Self.with(Self.alias(0)) { host, backends in
            let stop = Flag()
            try await withThrowingTaskGroup { group in
                for _ in 0..<4 {
                    group.addTask {
                        var served: [String] = []
                        while !stop.isRaised.load(ordering: .relaxed) {
                            let answer = try await call(host)
                            #expect(answer.status == 200, "\(answer.text)")
                            served.append(answer.text)
                        }
                        return served
                    }
                }
                for share in [0.1, 0.5, 1] {
                    let before = backends.map(\.requests.count)
                    await host.gateway.publish(Self.snapshot(backends, Self.alias(share)))
                    #expect(try await eventually { backends[1].requests.count >= before[1] + 20 }, "share \(share)")
                }
                stop.isRaised.store(true, ordering: .relaxed)
                var total = 0
                for try await served in group { total += served.count }
                #expect(total == backends[0].requests.count + backends[1].requests.count)
            }
            for _ in 0..<20 { #expect(try await call(host).text == "v2 prod") }
        }
    }
}
