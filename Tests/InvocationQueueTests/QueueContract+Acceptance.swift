// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import InvocationQueue
import Testing

extension QueueContract {
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
}
