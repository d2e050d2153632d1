// SPDX-License-Identifier: Apache-2.0
import AsyncInvocation
import Foundation
import FunctionModel
import InvocationQueue
import Logging
import Schedules
import Synchronization
import Testing

@Suite struct TimerTests {
    /// A queue and a clock that outlive the host; each run of `body` is a host of its own.
    private final class Bench: Sendable {
        let folder: String
        let clock = Atomic<Int64>(1_800_000_000_000)

        init() throws {
            folder = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-timer-\(UUID().uuidString)").path
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        }

        func remove() throws { try FileManager.default.removeItem(atPath: folder) }

        /// Runs a host's timers until this many ticks of the timer are in the queue.
        func run(_ timer: TimerDefinition, missed: MissedTicks = .once, until ticks: Int) async throws -> [String] {
            let queue = try EmbeddedQueue(path: folder + "/queue.db", now: Timestamp(milliseconds: 0))
            let runner = TimerRunner(
                queue: queue, missed: missed, now: { [self] in Timestamp(milliseconds: clock.load(ordering: .relaxed)) },
                random: { .random(in: .min ... .max) }, logger: Logger(label: "timer-test") { _ in SwiftLogNoOpLogHandler() })
            await runner.replace(with: [timer])
            let running = Task { await runner.run() }
            var filter = TaskFilter(lane: timer.function)
            (filter.withPayload, filter.newestFirst, filter.limit) = (true, false, 100)
            var found: [TaskRecord] = []
            for _ in 0..<2000 {
                found = try await queue.tasks(filter)
                if found.count >= ticks, await runner.isAsleep { break }
                try await Task.sleep(for: .milliseconds(5))
            }
            await runner.stop()
            await running.value
            found = try await queue.tasks(filter)
            try queue.close()
            return try found.map { record in
                let event = try JSONValue(parsing: record.invocation.payload).object ?? [:]
                #expect(event["triggerName"] == "t" && event["payload"] == "p")
                return event["triggerTime"]?.string ?? ""
            }
        }

        func forward(_ seconds: Int64) { clock.add(seconds * 1000, ordering: .relaxed) }
    }

    private func timer(since: Int64 = 1_800_000_000_000) throws -> TimerDefinition {
        TimerDefinition(
            id: "id-1", name: "t", function: "f", qualifier: "LATEST", schedule: try Schedule(timer: "@every 10s"), payload: "p",
            since: Timestamp(milliseconds: since))
    }

    private func text(_ seconds: Int64) -> String { Timestamp(milliseconds: 1_800_000_000_000 + seconds * 1000).rfc3339 }

    @Test func eachTickIsEnqueuedOnceAlsoAcrossRestarts() async throws {
        let bench = try Bench()
        bench.forward(10)
        #expect(try await bench.run(timer(), until: 1) == [text(10)])
        // A second host at the same moment: the tick is there already.
        bench.forward(5)
        #expect(try await bench.run(timer(), until: 1) == [text(10)])
        bench.forward(5)
        #expect(try await bench.run(timer(), until: 2) == [text(10), text(20)])
        try bench.remove()
    }

    @Test func ticksThatPassedWhileNoHostRanBecomeOne() async throws {
        let bench = try Bench()
        bench.forward(10)
        _ = try await bench.run(timer(), until: 1)
        bench.forward(1000)
        #expect(try await bench.run(timer(), until: 2) == [text(10), text(1010)])
        try bench.remove()
    }

    @Test func orNoneWhereTheyAreToBeSkipped() async throws {
        let bench = try Bench()
        bench.forward(10)
        _ = try await bench.run(timer(), until: 1)
        bench.forward(1005)
        #expect(try await bench.run(timer(), missed: .skip, until: 1) == [text(10)])
        bench.forward(5)
        #expect(try await bench.run(timer(), missed: .skip, until: 1).count == 1, "the tick of this moment passed before the host came")
        try bench.remove()
    }

    @Test func aTimerThatWasChangedTicksFromThen() async throws {
        let bench = try Bench()
        bench.forward(14)
        #expect(try await bench.run(timer(since: 1_800_000_004_000), until: 1) == [text(14)])
        try bench.remove()
    }
}
