// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import LauncherClient
import LinuxSystem
import Sandbox
import Synchronization
import Testing

extension SandboxOnThisKernel {
    /// Times of the launcher alone, printed: `swift test -c release --filter StartTime`. What users wait for is `scripts/bench-coldstart`'s.
    @Suite(.serialized) struct StartTimeTests {
        final class Times: Sendable {
            private let times = Mutex<[String: UInt64]>([:])
            func note(_ name: String) { times.withLock { $0[name] = monotonicNanoseconds() } }
            subscript(_ name: String) -> UInt64? { times.withLock { $0[name] } }
        }

        func quantile(_ values: [Double], _ part: Double) -> String {
            let sorted = values.sorted()
            return String(format: "%.2f", sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))])
        }

        @Test func fromRequestToStartedToListening() async throws {
            let runs = Int(ProcessInfo.processInfo.environment["SWIFTLET_RUNS"] ?? "") ?? 100
            let host = try LauncherFixture()
            var (started, listening, answered, stopped, bare) = ([Double](), [Double](), [Double](), [Double](), [Double]())
            for _ in 0..<runs {
                let times = Times()
                let spec = host.spec(["serve", "9000"])
                let instance = RunningInstance(spec: spec)
                times.note("request")
                host.client.start(spec) { event in
                    switch event {
                    case .started: times.note("started")
                    case .listening: times.note("listening")
                    case .exited, .failed: times.note("end")
                    }
                    instance.add(event)
                }
                // A start that fails ends the instance, and with it this wait.
                while times["listening"] == nil, times["end"] == nil { sched_yield() }
                try #require(times["listening"] != nil, "the instance ended before it listened")
                _ = try request(try await instance.started()[2], port: 9000)
                times.note("answered")
                times.note("stop")
                host.client.stop(spec.id, grace: .seconds(5))
                while times["end"] == nil { usleep(50) }
                func span(_ from: String, _ to: String) throws -> Double {
                    Double(try #require(times[to]) - (try #require(times[from]))) / 1e6
                }
                started.append(try span("request", "started"))
                listening.append(try span("request", "listening"))
                answered.append(try span("request", "answered"))
                stopped.append(try span("stop", "end"))
                // The same program on the host, started and waited for: what the machine can do at best just now.
                let before = monotonicNanoseconds()
                _ = LauncherFixture.run(LauncherFixture.probe, ["exit", "0"])
                bare.append(Double(monotonicNanoseconds() - before) / 1e6)
                try await Task.sleep(for: .milliseconds(30))
            }
            for (name, values) in [
                ("request to started", started), ("request to listening", listening), ("request to first answer", answered),
                ("stop to exited", stopped),
                ("bare posix_spawn and wait", bare),
            ] { print("\(name): p50 \(quantile(values, 0.5)) ms, p90 \(quantile(values, 0.9)) ms, p99 \(quantile(values, 0.99)) ms") }
            #expect(listening.count == runs)
        }
    }
}
