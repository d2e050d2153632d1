// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Synchronization
import Testing

extension HostTests {
    /// The host stops, or its daemon gives way, while clients are at work that keep their connections.
    @Suite struct DrainTests {
        private final class Flag: Sendable {
            private let value = Mutex<Double?>(nil)
            /// When it was set last.
            var time: Double? { value.withLock { $0 } }
            func set() { value.withLock { $0 = SteadyClient.clock() } }
        }

        /// Until each client has had an answer on so many connections.
        private func wait(for connections: Int, _ clients: [SteadyClient], _ host: RunningHost) async throws {
            try await host.wait("each client has had answers on \(connections) connections") {
                clients.allSatisfy { $0.progress.connections >= connections }
            }
        }

        private func prepare(_ host: RunningHost) async throws {
            try await host.must("image", "load", try await SampleImages.shared.hello(), "--name", "hello:1")
            try await host.must("image", "load", try await SampleImages.shared.moody(), "--name", "moody:1")
            for name in ["hello", "moody"] {
                try await host.must(
                    "function", "create", name, "--image", "\(name):1", "--port", "9000", "--concurrency", "40", "--max-instances", "2")
                try await host.must("invoke", name)
            }
        }

        /// Some that send at once what is answered at once, some that take their time, some whose calls run for half a second, and some that ask the
        /// control API.
        private func clients(_ host: RunningHost, reconnect: Bool) throws -> [SteadyClient] {
            let port = try #require(host.url.split(separator: ":").last.flatMap { Int($0) })
            func client(_ name: String, _ body: String, pause: useconds_t = 0) -> SteadyClient {
                SteadyClient(
                    port: port, path: "/2023-03-30/functions/\(name)/invocations", body: body, pause: pause, reconnects: reconnect)
            }
            return (0..<8).map { _ in client("hello", "x") } + (0..<4).map { client("hello", "y", pause: 50_000 * $0 + 50_000) }
                + (0..<8).map { _ in client("moody", "nap") }
                + (0..<6).map { number in
                    SteadyClient(
                        port: port, method: "GET", path: "/swiftlet/v1/host", body: "", pause: 40_000 * useconds_t(number),
                        reconnects: reconnect)
                }
        }

        /// What all of them saw from before `happens` until they are done.
        private static func tally(
            of clients: [SteadyClient], told: Flag, done: Flag, _ happens: () async throws -> Void
        ) async throws -> SteadyClient.Tally {
            try await withThrowingTaskGroup(of: SteadyClient.Tally.self) { group in
                for client in clients { group.addTask { await client.run(told: { told.time }, done: { done.time != nil }) } }
                try await happens()
                return try await group.reduce(into: SteadyClient.Tally()) { $0 = $0 + $1 }
            }
        }

        @Test("SIGTERM under load: every request that was sent on a connection before it closes is answered") func stop() async throws {
            try await RunningHost.with { host in
                try await prepare(host)
                let told = Flag()
                let clients = try clients(host, reconnect: false)
                let tally = try await Self.tally(of: clients, told: told, done: Flag()) {
                    try await wait(for: 1, clients, host)
                    told.set()
                    kill(host.process, SIGTERM)
                }
                #expect(tally.lost == [], "\(tally)")
                #expect(tally.connections == clients.count)
                // Each had a request on its way, or sent one more.
                #expect(tally.answeredLate + tally.crossed >= clients.count && tally.crossed < clients.count, "\(tally)")
                try await host.wait("the host has ended") { host.status != nil }
                #expect(host.status == 0)
                let late = try await host.curl("-o", "/dev/null", "\(host.url)/http/hello/")
                #expect(late.status == 7, "who comes later is refused")
            }
        }

        @Test("SIGTERM while the host starts: who has connected by then is answered") func early() async throws {
            for _ in 0..<4 {
                let (state, port) = ("/tmp/swiftlet-host-\(UInt32.random(in: 0...UInt32.max))", try freePort())
                let handle = try ProcessHandle(Checkout.swiftlet, ["serve", "--listen", "127.0.0.1:\(port)", "--state-dir", state])
                let client = SteadyClient(
                    port: port, method: "GET", path: "/swiftlet/v1/host", body: "", reconnects: false, awaitsListener: true,
                    whenSent: { kill(handle.process, SIGTERM) })
                let tally = await client.run(told: { 0 }, done: { true })
                #expect(tally.lost == [] && tally.answered == 1, "\(tally) \(handle.printed)")
                for _ in 0..<1200 where handle.status == nil { try await Task.sleep(for: .milliseconds(50)) }
                #expect(handle.status == 0, "\(handle.printed)")
                await Leftovers.expectNone(of: state)
                try FileManager.default.removeItem(atPath: state)
            }
        }

        @Test("an upgrade under load of clients that keep their connections fails no request") func upgrade() async throws {
            try await RunningHost.with { host in
                try await prepare(host)
                let before = try #require(host.daemon)
                let (told, done) = (Flag(), Flag())
                let clients = try clients(host, reconnect: true)
                let tally = try await Self.tally(of: clients, told: told, done: done) {
                    defer { done.set() }
                    for round in 2...3 {
                        try await wait(for: round - 1, clients, host)
                        told.set()
                        kill(host.process, SIGUSR2)
                        try await host.wait("daemon \(round) is ready") {
                            host.printed.split(separator: "\n").count { $0.hasPrefix("swiftlet ready: ") } == round
                        }
                    }
                    try await wait(for: 3, clients, host)
                }
                #expect(tally.lost == [], "\(tally)")
                // Each had a connection to each of the three daemons.
                #expect(tally.connections >= 3 * clients.count, "\(tally)")
                #expect(tally.answeredLate >= 2 * clients.count && tally.crossed < clients.count, "\(tally)")
                #expect(host.daemon != before && host.status == nil)
            }
        }
    }
}
