// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import InvocationQueue
import Testing

extension QueueContract {
    @Test(arguments: queues)
    func historyShowsEveryAttempt(_ tested: TestedQueue) async throws {
        try await tested.with { queue, _ in
            _ = try await queue.enqueue(invocation("f", "t", payload: "mend me"))
            let first = try #require(try await queue.claim("f", at: 10).first)
            #expect(try await queue.retry(first, at: 100, ended: 20))
            #expect(try await queue.task(lane: "f", "t")?.status == .retrying)
            #expect(try await queue.claim("f", at: 99).isEmpty)
            let second = try #require(try await queue.claim("f", at: 100).first)
            #expect(second.tries.failures == 1)
            #expect(try await queue.task(lane: "f", "t")?.status == .running)
            #expect(try await queue.end(second, .failed, at: 130, error: "InvocationError: still no"))
            let dead = try #require(try await queue.task(lane: "f", "t"))
            #expect(dead.attempts.map(\.result) == ["Failed", "Failed"])
            #expect(dead.attempts.map(\.started) == [time(10), time(100)])
            #expect(dead.error == "InvocationError: still no")
            #expect(dead.response == Array("answer".utf8))
            #expect(dead.invocation.payload == Array("mend me".utf8))
            #expect(try await queue.counts("f").retries == 1)
        }
    }

    @Test(arguments: queues)
    func aDeadLetterIsSentAgainOnceWhenTwoAskAtOnce(_ tested: TestedQueue) async throws {
        try await tested.with { queue, _ in
            for number in 0..<40 {
                _ = try await queue.enqueue(invocation("f", "t\(number)"))
                let claim = try #require(try await queue.claim("f", at: 0).first)
                #expect(try await queue.end(claim, .failed, at: 1, error: number % 2 == 0 ? "A: even" : "B: odd"))
            }
            var filter = TaskFilter.dead(lane: "f")
            (filter.limit, filter.error) = (1000, "A:")
            let asked = filter
            let counts = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<4 { group.addTask { try await queue.redrive(asked, now: time(50)) } }
                return try await group.reduce(0, +)
            }
            #expect(counts == 20)
            #expect(try await queue.counts("f").waiting == 20)
            #expect(try await queue.counts("f").dead == 20)
            let again = try await queue.claim("f", 100, at: 50)
            #expect(again.count == 20 && again.allSatisfy { $0.tries == Tries(since: time(50)) })
            let record = try #require(try await queue.task(lane: "f", again[0].invocation.task))
            #expect(record.attempts.map(\.result) == ["Failed", "Redriven"])
        }
    }

    @Test(arguments: queues)
    func whatIsThrownAwayIsCounted(_ tested: TestedQueue) async throws {
        try await tested.with { queue, _ in
            for number in 0..<3 { _ = try await queue.enqueue(invocation("f", "t\(number)")) }
            let claims = try await queue.claim("f", 2, at: 0)
            for claim in claims { #expect(try await queue.end(claim, .expired, at: 1)) }
            var filter = TaskFilter.dead(lane: "f")
            filter.limit = 1
            #expect(try await queue.purge(filter) == 1)
            let counts = try await queue.counts("f")
            #expect((counts.accepted, counts.waiting, counts.dead, counts.purged) == (3, 1, 1, 1))
        }
    }

    @Test(arguments: queues)
    func whatIsStoppedBeforeItRunsNeverRuns(_ tested: TestedQueue) async throws {
        try await tested.with { queue, _ in
            _ = try await queue.enqueue(invocation("f", "t"))
            let told = try invocation("g", "told")
            #expect(try await queue.stop(lane: "f", task: "t", now: time(1)) { _ in [told] } == .stopped)
            #expect(try await queue.claim("f", at: 2).isEmpty)
            #expect(try await queue.claim("g", at: 2).map(\.invocation.task) == ["told"])
            #expect(try await queue.stop(lane: "f", task: "t", now: time(3)) { _ in [] } == .alreadyEnded(.stopped))
            #expect(try await queue.stop(lane: "f", task: "none", now: time(3)) { _ in [] } == .missing)
            #expect(try await queue.counts("f").done == 1)
        }
    }

    @Test(arguments: queues)
    func whatIsStoppedWhileItRunsIsNotTriedAgain(_ tested: TestedQueue) async throws {
        try await tested.with { queue, reopen in
            for task in ["t", "u"] { _ = try await queue.enqueue(invocation("f", task)) }
            let claims = try await queue.claim("f", 2, at: 0)
            for claim in claims {
                #expect(try await queue.stop(lane: "f", task: claim.invocation.task, now: time(1)) { _ in [] } == .stopping)
            }
            #expect(try await queue.task(lane: "f", "t")?.status == .stopping)
            #expect(try await queue.retry(claims[0], at: 2, ended: 1))
            #expect(try await queue.task(lane: "f", claims[0].invocation.task)?.status == .stopped)
            let again = try await reopen()
            #expect(try await again.task(lane: "f", claims[1].invocation.task)?.status == .stopped)
            #expect(try await again.claim("f", 5, at: 100_000).isEmpty)
        }
    }

    @Test(arguments: queues)
    func whatFollowsAnEndIsTakenInWithIt(_ tested: TestedQueue) async throws {
        try await tested.with { queue, reopen in
            _ = try await queue.enqueue(invocation("f", "t"))
            let claim = try #require(try await queue.claim("f", at: 0).first)
            let attempt = AttemptRecord(started: time(0), ended: time(1), result: "Succeeded")
            let settlement = Settlement(
                attempt: attempt, outcome: .ended(.succeeded, .init(destination: "Pending", keepUntil: time(9999))),
                follow: [try invocation("destination:h", "d")])
            #expect(try await queue.settle(claim.lease, settlement))
            let again = try await reopen()
            #expect(try await again.task(lane: "f", "t")?.destination == "Pending")
            let delivery = try #require(try await again.claim("destination:h", at: 2).first)
            let delivered = Settlement(
                attempt: attempt, outcome: .ended(.succeeded, .init()), delivered: (.init(lane: "f", task: "t"), "Succeeded"))
            #expect(try await again.settle(delivery.lease, delivered))
            #expect(try await again.task(lane: "f", "t")?.destination == "Succeeded")
        }
    }

    @Test(arguments: queues)
    func listsFilterAndPage(_ tested: TestedQueue) async throws {
        try await tested.with { queue, _ in
            for number in 0..<5 { _ = try await queue.enqueue(invocation("f", "a\(number)", at: Int64(number))) }
            _ = try await queue.enqueue(invocation("g", "a9"))
            let claim = try #require(try await queue.claim("f", at: 10).first)
            #expect(try await queue.end(claim, .failed, at: 11, error: "E: x"))
            var filter = TaskFilter(lane: "f")
            filter.limit = 2
            let first = try await queue.tasks(filter)
            #expect(first.map(\.invocation.task) == ["a4", "a3"])
            filter.after = first.last?.number
            #expect(try await queue.tasks(filter).map(\.invocation.task) == ["a2", "a1"])
            filter = TaskFilter(lane: "f", statuses: [.enqueued])
            (filter.newestFirst, filter.from) = (false, time(2))
            #expect(try await queue.tasks(filter).map(\.invocation.task) == ["a2", "a3", "a4"])
            #expect(try await queue.tasks(.dead(lane: nil)).map(\.invocation.task) == ["a0"])
            filter = TaskFilter()
            filter.prefix = "a9"
            #expect(try await queue.tasks(filter).map(\.invocation.lane) == ["g"])
        }
    }
}
