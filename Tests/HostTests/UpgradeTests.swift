// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Testing

extension HostTests {
    /// The daemon goes and another one comes, while clients connect.
    @Suite struct UpgradeTests {
        private func prepare(_ host: RunningHost) async throws {
            try await host.must("image", "load", try await SampleImages.shared.hello(), "--name", "hello:1")
            try await host.must("function", "create", "hello", "--image", "hello:1", "--concurrency", "20", "--max-instances", "2")
            try await host.must("invoke", "hello")
        }

        /// Calls on a connection each, until told to stop; the statuses in their order.
        private func calls(_ host: RunningHost, until stop: @Sendable @escaping () -> Bool) async throws -> [String] {
            var statuses: [String] = []
            while statuses.count < 10 || !stop() {
                let answer = try await host.curl("-o", "/dev/null", "-w", "%{http_code}", "\(host.url)/http/hello/")
                statuses.append(answer.status == 0 ? answer.out : "curl \(answer.status): \(answer.err)")
            }
            return statuses
        }

        private func readyLines(_ host: RunningHost) -> Int {
            host.printed.split(separator: "\n").count { $0.hasPrefix("swiftlet ready: ") }
        }

        @Test("an upgrade under load fails no request, and keeps the port") func upgrade() async throws {
            try await RunningHost.with { host in
                try await prepare(host)
                let before = try #require(host.daemon)
                let statuses = try await withThrowingTaskGroup(of: [String].self) { group in
                    for _ in 0..<4 { group.addTask { try await calls(host) { readyLines(host) >= 3 } } }
                    for round in 2...3 {
                        kill(host.process, SIGUSR2)
                        try await host.wait("daemon \(round) is ready") { readyLines(host) == round }
                    }
                    return try await group.reduce(into: []) { $0 += $1 }
                }
                #expect(statuses.count >= 40 && statuses.allSatisfy { $0 == "200" }, "\(Set(statuses))")
                #expect(host.daemon != before && host.status == nil)
                #expect(try await host.must("invoke", "hello") == "hello world")
            }
        }

        @Test("a new program that cannot be the next daemon is refused, and the daemon that runs goes on") func refuses() async throws {
            let place = "/tmp/swiftlet-upgrade-\(UInt32.random(in: 0...UInt32.max))"
            try FileManager.default.createDirectory(atPath: "\(place)/bin", withIntermediateDirectories: true)
            for name in ["swiftlet", "swiftlet-launcher", "swiftlet-mold", "swiftlet-unpack", "swiftlet-inflate"] {
                try await run("/bin/cp", ["-L", "\(Checkout.top)/.build/release/\(name)", "\(place)/bin/"])
            }
            let host = try await RunningHost.start("\(place)/state", program: "\(place)/bin/swiftlet")
            let before = host.daemon
            try await run("/bin/cp", ["/bin/false", "\(place)/bin/new"])
            rename("\(place)/bin/new", "\(place)/bin/swiftlet")
            kill(host.process, SIGUSR2)
            do { try await host.wait("it is refused") { host.printed.contains("no upgrade, and the daemon that runs goes on: ") } } catch {
                Issue.record(error)
            }
            #expect(host.printed.contains("does not say which version it speaks"))
            #expect(try await host.curl("-o", "/dev/null", "-w", "%{http_code}", "\(host.url)/metrics").out == "200")
            #expect(host.daemon == before && host.status == nil)
            await host.stop()
            await Leftovers.expectNone(of: "\(place)/state")
            try FileManager.default.removeItem(atPath: place)
        }

        @Test("who connects while no daemon runs waits for the next one") func waits() async throws {
            try await RunningHost.with { host in
                try await prepare(host)
                for _ in 0..<3 {
                    kill(try #require(host.daemon), SIGKILL)
                    let answer = try await host.curl("--retry", "0", "-o", "/dev/null", "-w", "%{http_code}", "\(host.url)/http/hello/")
                    #expect(answer.status == 0 && answer.out == "200", "\(answer.err)")
                }
            }
        }
    }
}
