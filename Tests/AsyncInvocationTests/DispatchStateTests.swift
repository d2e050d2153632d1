// SPDX-License-Identifier: Apache-2.0
import AsyncInvocation
import FunctionModel
import InvocationQueue
import Testing

private func time(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

@Suite struct DispatchStateTests {
    /// A queue of numbers in place of invocations: each lane has so many waiting.
    private struct Lanes {
        var waiting: [String: Int]
        var state: DispatchState

        init(_ waiting: [String: Int], total: Int) {
            self.waiting = waiting
            state = DispatchState(total: total)
            for lane in waiting.keys { state.hasWork(lane, due: time(0)) }
        }

        /// What a claim at this moment would start.
        mutating func claim(places: Int) -> [String: Int] {
            var started: [String: Int] = [:]
            for want in state.wants(now: time(1), places: { _ in places }) {
                let count = min(want.count, waiting[want.lane] ?? 0)
                waiting[want.lane, default: 0] -= count
                started[want.lane] = count
                let claimed = (0..<count).map { _ in claimedInvocation(want.lane) }
                let rest = waiting[want.lane, default: 0] > 0 ? time(0) : nil
                state.claimed(LaneClaims(lane: want.lane, claimed: claimed, nextDue: rest), wanted: want.count)
            }
            return started
        }
    }

    @Test func aPoisonedFunctionDoesNotStarveNinetyNineHealthyOnes() {
        var waiting = Dictionary(uniqueKeysWithValues: (1..<100).map { ("healthy\($0)", 10) })
        waiting["poisoned"] = 100_000
        var lanes = Lanes(waiting, total: 256)
        var done: [String: Int] = [:]
        // The poisoned one never ends; the others end at once.
        for _ in 0..<10 {
            for (lane, count) in lanes.claim(places: 16) where lane != "poisoned" {
                done[lane, default: 0] += count
                for _ in 0..<count { lanes.state.finished(lane) }
            }
        }
        #expect(done.count == 99 && done.values.allSatisfy { $0 == 10 }, "\(done.filter { $0.value != 10 })")
        #expect(lanes.state.inFlight == 16, "the poisoned function holds its own places and no more")
    }

    @Test func whereThePlacesOfTheHostRunShortTheLaneWithTheFewestGetsTheNext() {
        var lanes = Lanes(["a": 100, "b": 100], total: 10)
        #expect(lanes.claim(places: 100) == ["a": 5, "b": 5])
        for _ in 0..<3 { lanes.state.finished("a") }
        lanes.waiting["c"] = 100
        lanes.state.hasWork("c", due: time(0))
        #expect(lanes.claim(places: 100) == ["a": 1, "b": 1, "c": 1])
        for _ in 0..<4 { lanes.state.finished("b") }
        #expect(lanes.claim(places: 100)["c"] == 2)
    }

    @Test func nothingIsWantedBeforeItIsDueAndTheNextTimeIsKnown() {
        var state = DispatchState(total: 10)
        state.hasWork("f", due: time(500))
        state.hasWork("f", due: time(300))
        #expect(state.wants(now: time(299), places: { _ in 4 }).isEmpty)
        #expect(state.nextTime(places: { _ in 4 }) == time(300))
        #expect(state.wants(now: time(300), places: { _ in 4 }) == [LaneWant(lane: "f", count: 4)])
        #expect(state.nextTime(places: { _ in 4 }) == nil)
    }

    @Test func workThatComesWhileAClaimIsUnderWayIsNotForgotten() {
        var state = DispatchState(total: 10)
        state.hasWork("f", due: time(0))
        #expect(state.wants(now: time(0), places: { _ in 4 }).count == 1)
        state.hasWork("f", due: time(0))
        state.claimed(LaneClaims(lane: "f", claimed: [], nextDue: nil), wanted: 4)
        #expect(state.wants(now: time(0), places: { _ in 4 }) == [LaneWant(lane: "f", count: 4)])
    }

    @Test func aLaneThatTheHostCannotServeWaits() {
        var state = DispatchState(total: 10)
        state.hasWork("f", due: time(0))
        _ = state.wants(now: time(0), places: { _ in 1 })
        state.claimed(LaneClaims(lane: "f", claimed: [claimedInvocation("f")], nextDue: time(0)), wanted: 1)
        state.finished("f", throttledUntil: time(500))
        #expect(state.wants(now: time(499), places: { _ in 1 }).isEmpty)
        #expect(state.nextTime(places: { _ in 1 }) == time(500))
        #expect(state.wants(now: time(500), places: { _ in 1 }).count == 1)
    }

    @Test func everyPlaceComesBack() {
        var lanes = Lanes(["a": 7, "b": 3, "c": 0], total: 4)
        var started = 0
        for _ in 0..<20 {
            for (lane, count) in lanes.claim(places: 2) {
                started += count
                for _ in 0..<count { lanes.state.finished(lane) }
            }
        }
        #expect(started == 10 && lanes.state.inFlight == 0)
    }
}

private func claimedInvocation(_ lane: String) -> ClaimedInvocation {
    guard let id = RequestID("1-x") else { preconditionFailure("1-x is a request id") }
    let invocation = NewInvocation(
        lane: lane, qualifier: "LATEST", task: "t", request: id, head: .event(fields: []), payload: [], accepted: time(0))
    return ClaimedInvocation(
        lease: InvocationLease(number: 1, epoch: 1), invocation: invocation, tries: Tries(since: time(0)), started: time(0))
}
