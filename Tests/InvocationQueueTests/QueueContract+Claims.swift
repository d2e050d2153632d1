// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import InvocationQueue
import Testing

extension QueueContract {
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
