// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import InvocationQueue
import Testing

/// A queue to test, and how to end it as if its host had been killed.
struct TestedQueue: Sendable, CustomTestStringConvertible {
    var name: String
    /// Runs the body with an empty queue, which is removed afterwards; `reopen` gives up the queue without a word and opens what it has left behind.
    var with:
        @Sendable (_ body: @Sendable (any InvocationQueue, _ reopen: @Sendable () async throws -> any InvocationQueue) async throws -> Void)
            async throws -> Void
    var testDescription: String { name }
}

/// Every back end that there is.
let queues = [embeddedQueue]

func time(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: 1_800_000_000_000 + milliseconds) }

func invocation(_ lane: String, _ task: String, at: Int64 = 0, due: Int64? = nil, payload: String = "{}") throws -> NewInvocation {
    NewInvocation(
        lane: lane, qualifier: "LATEST", task: task, request: try #require(RequestID("1-\(task)")), head: .event(fields: []),
        payload: Array(payload.utf8), accepted: time(at), due: due.map(time))
}

extension InvocationQueue {
    func claim(_ lane: String, _ count: Int = 1, at now: Int64, lease: Int64 = 10_000) async throws -> [ClaimedInvocation] {
        try await claim([LaneWant(lane: lane, count: count)], until: time(now + lease), now: time(now))[0].claimed
    }

    func end(_ claim: ClaimedInvocation, _ status: TaskStatus, at now: Int64, error: String = "", keep: Bool = false) async throws -> Bool {
        let attempt = AttemptRecord(started: claim.started, ended: time(now), result: status.rawValue, error: error, instance: "c-1")
        let ending = Settlement.Ending(response: Array("answer".utf8), keepUntil: keep ? time(now + 1000) : nil)
        return try await settle(claim.lease, Settlement(attempt: attempt, outcome: .ended(status, ending)))
    }

    func retry(_ claim: ClaimedInvocation, at next: Int64, ended: Int64) async throws -> Bool {
        var tries = claim.tries
        tries.failures += 1
        let attempt = AttemptRecord(
            started: claim.started, ended: time(ended), result: "Failed", error: "InvocationError: no", instance: "c-1")
        return try await settle(claim.lease, Settlement(attempt: attempt, outcome: .retry(at: time(next), tries)))
    }

    func counts(_ lane: String) async throws -> LaneStatistics {
        let all = try await statistics()
        let areConserved = all.allSatisfy(\.isConserved)
        #expect(areConserved)
        return all.first { $0.lane == lane } ?? LaneStatistics(lane: lane)
    }
}

@Suite struct QueueContract {
    @Test(arguments: queues)
    func whatWasAcceptedIsThereAfterAnEndWithoutAWord(_ tested: TestedQueue) async throws {
        try await tested.with { queue, reopen in
            for number in 0..<20 { #expect(try await queue.enqueue(invocation("f", "t\(number)", payload: "p\(number)")) == .accepted) }
            let again = try await reopen()
            let claims = try await again.claim("f", 50, at: 1)
            #expect(Set(claims.map { String(decoding: $0.invocation.payload, as: UTF8.self) }) == Set((0..<20).map { "p\($0)" }))
        }
    }

    @Test(arguments: queues)
    func anInvocationIsClaimedWithEverythingThatWasHandedIn(_ tested: TestedQueue) async throws {
        try await tested.with { queue, _ in
            var new = try invocation("f", "t", at: 5, payload: "\u{0}\u{1}x")
            new.head = .http(method: "PUT", target: "/a?b=c", fields: [.init("X-A", "1"), .init("X-A", "2")])
            (new.qualifier, new.deduplication, new.depth, new.hasOwnTask) = ("prod", "key", 3, true)
            #expect(try await queue.enqueue(new) == .accepted)
            let claim = try #require(try await queue.claim("f", at: 5).first)
            #expect(claim.invocation == new)
            #expect(claim.tries == Tries(since: time(5)))
        }
    }

    @Test(arguments: queues)
    func aTaskIDIsTakenOnceInItsLane(_ tested: TestedQueue) async throws {
        try await tested.with { queue, _ in
            #expect(try await queue.enqueue(invocation("f", "t")) == .accepted)
            #expect(try await queue.enqueue(invocation("f", "t")) == .taskExists)
            #expect(try await queue.enqueue(invocation("g", "t")) == .accepted)
            let claim = try #require(try await queue.claim("f", at: 1).first)
            #expect(try await queue.enqueue(invocation("f", "t")) == .taskExists)
            #expect(try await queue.end(claim, .succeeded, at: 2, keep: true))
            #expect(try await queue.enqueue(invocation("f", "t")) == .taskExists)
            #expect(try await queue.forget(now: time(2000)) == 1)
            #expect(try await queue.enqueue(invocation("f", "t")) == .accepted)
        }
    }

    @Test(arguments: queues)
    func aDeduplicationKeyIsAnsweredWithTheFirstTask(_ tested: TestedQueue) async throws {
        try await tested.with { queue, _ in
            var first = try invocation("f", "t1")
            first.deduplication = "k"
            var second = try invocation("f", "t2")
            second.deduplication = "k"
            #expect(try await queue.enqueue(first) == .accepted)
            #expect(try await queue.enqueue(second) == .duplicate(of: "t1"))
            #expect(try await queue.counts("f").accepted == 1)
        }
    }

    @Test(arguments: queues)
    func aTickIsTakenOnceAndNoneBeforeTheLast(_ tested: TestedQueue) async throws {
        try await tested.with { queue, reopen in
            func tick(_ at: Int64, _ task: String) throws -> NewInvocation {
                var new = try invocation("f", task)
                new.tick = TimerTick(timer: "timer-1", time: time(at))
                return new
            }
            #expect(try await queue.enqueue(tick(1000, "a")) == .accepted)
            #expect(try await queue.enqueue(tick(1000, "b")) == .duplicate(of: "b"))
            let again = try await reopen()
            #expect(try await again.enqueue(tick(1000, "c")) == .duplicate(of: "c"))
            #expect(try await again.enqueue(tick(500, "d")) == .duplicate(of: "d"))
            #expect(try await again.enqueue(tick(2000, "e")) == .accepted)
            #expect(try await again.lastTicks() == ["timer-1": time(2000)])
        }
    }

    @Test(arguments: queues)
    func nothingIsClaimedBeforeItIsDueOrTwice(_ tested: TestedQueue) async throws {
        try await tested.with { queue, _ in
            _ = try await queue.enqueue(invocation("f", "later", due: 500))
            _ = try await queue.enqueue(invocation("f", "now"))
            let want = [LaneWant(lane: "f", count: 10)]
            let first = try await queue.claim(want, until: time(10_000), now: time(0))[0]
            #expect(first.claimed.map(\.invocation.task) == ["now"])
            #expect(first.nextDue == time(500))
            #expect(try await queue.lanes() == ["f": time(500)])
            #expect(try await queue.claim("f", 10, at: 499).isEmpty)
            #expect(try await queue.claim("f", 10, at: 500).map(\.invocation.task) == ["later"])
            #expect(try await queue.claim("f", 10, at: 501).isEmpty)
        }
    }

    @Test(arguments: queues)
    func anInvocationEndsExactlyOnce(_ tested: TestedQueue) async throws {
        try await tested.with { queue, _ in
            _ = try await queue.enqueue(invocation("f", "t"))
            let claim = try #require(try await queue.claim("f", at: 0).first)
            #expect(try await queue.end(claim, .failed, at: 1, error: "E: x"))
            #expect(try await queue.end(claim, .succeeded, at: 2) == false)
            #expect(try await queue.retry(claim, at: 3, ended: 2) == false)
            #expect(try await queue.counts("f").dead == 1)
            #expect(try await queue.task(lane: "f", "t")?.status == .failed)
        }
    }

    @Test(arguments: queues)
    func aWorkerWhoseLeaseRanOutCannotSettle(_ tested: TestedQueue) async throws {
        try await tested.with { queue, _ in
            _ = try await queue.enqueue(invocation("f", "t"))
            let lost = try #require(try await queue.claim("f", at: 0, lease: 100).first)
            #expect(try await queue.reclaim(now: time(100)) == 0)
            #expect(try await queue.reclaim(now: time(101)) == 1)
            #expect(try await queue.renew([lost.lease], until: time(500)) == [lost.lease])
            let second = try #require(try await queue.claim("f", at: 102).first)
            #expect(try await queue.end(lost, .succeeded, at: 103) == false)
            #expect(second.tries.failures == 0)
            #expect(try await queue.end(second, .succeeded, at: 104))
            #expect(try await queue.counts("f").done == 1)
        }
    }

    @Test(arguments: queues)
    func aRenewedLeaseLastsLonger(_ tested: TestedQueue) async throws {
        try await tested.with { queue, _ in
            _ = try await queue.enqueue(invocation("f", "t"))
            let claim = try #require(try await queue.claim("f", at: 0, lease: 100).first)
            #expect(try await queue.renew([claim.lease], until: time(300)).isEmpty)
            #expect(try await queue.reclaim(now: time(200)) == 0)
            #expect(try await queue.end(claim, .succeeded, at: 201))
        }
    }

    @Test(arguments: queues)
    func whatRanWhenTheHostEndedWaitsAgainAndItsOldClaimIsWorthNothing(_ tested: TestedQueue) async throws {
        try await tested.with { queue, reopen in
            _ = try await queue.enqueue(invocation("f", "t"))
            let lost = try #require(try await queue.claim("f", at: 0).first)
            let again = try await reopen()
            #expect(try await again.counts("f").waiting == 1)
            let second = try #require(try await again.claim("f", at: 1_000_000).first)
            #expect(try await again.end(lost, .succeeded, at: 1_000_001) == false)
            #expect(try await again.end(second, .succeeded, at: 1_000_002))
        }
    }

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

    @Test(arguments: queues)
    func manyProducersAndWorkersLoseAndRepeatNothing(_ tested: TestedQueue) async throws {
        try await tested.with { queue, _ in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for producer in 0..<8 {
                    group.addTask {
                        for number in 0..<100 { _ = try await queue.enqueue(invocation("f\(number % 4)", "t\(producer)-\(number)")) }
                    }
                }
                try await group.waitForAll()
            }
            let done = try await withThrowingTaskGroup(of: [String].self) { group in
                for lane in 0..<4 {
                    for _ in 0..<2 {
                        group.addTask {
                            var tasks: [String] = []
                            while case let claims = try await queue.claim("f\(lane)", 7, at: 1), !claims.isEmpty {
                                for claim in claims where try await queue.end(claim, .succeeded, at: 2) {
                                    tasks.append(claim.invocation.task)
                                }
                            }
                            return tasks
                        }
                    }
                }
                return try await group.reduce([], +)
            }
            #expect(done.count == 800 && Set(done).count == 800)
            for lane in 0..<4 { #expect(try await queue.counts("f\(lane)").done == 200) }
        }
    }
}
