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
let queues = [embeddedQueue, sharedQueueOnDebiansServer, sharedQueueOnNewestServer]

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

/// What every queue keeps; the tests are in the extensions, by subject. One after the other: most of them start a server.
@Suite(.serialized) struct QueueContract {}
