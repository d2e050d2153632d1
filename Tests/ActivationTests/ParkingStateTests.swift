// SPDX-License-Identifier: Apache-2.0
import Activation
import FunctionModel
import NIOCore
import Testing

@Suite struct ParkingStateTests {
    let key = RunnableVersion.Key(function: "f", version: "LATEST", revision: 1)
    let other = RunnableVersion.Key(function: "g", version: "LATEST", revision: 1)

    func time(_ milliseconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .milliseconds(milliseconds) }
    func id(_ number: Int) -> InstanceID { InstanceID("c-\(number)")! }

    /// What the state asks for, by the ids that it was given: 1, 2 and so on for each call.
    func start(
        _ state: inout ParkingState, _ key: RunnableVersion.Key, maximum: Int = 9, at milliseconds: Int64, from first: Int = 1
    )
        -> [ParkingState.Action]
    {
        var next = first - 1
        return state.started(key, maximum: maximum, now: time(milliseconds)) {
            next += 1
            return id(next)
        }
    }

    @Test func asManyArePreparedAsStartedOfLateAndAtLeastOne() {
        var state = ParkingState()
        #expect(start(&state, key, maximum: 100, at: 0) == [.park(id(1))])
        #expect(state.parked(id(1), of: key) == [])
        #expect(state.take(key) == id(1))
        #expect(state.take(key) == nil)
        #expect(start(&state, key, maximum: 100, at: 10, from: 2) == [.park(id(2)), .park(id(3))])
        #expect(start(&state, key, maximum: 100, at: 5000, from: 4) == [])  // Two are coming, and one is enough now.
    }

    @Test func whoFindsNoneThatIsReadyGetsTheOneThatComesNext() {
        var state = ParkingState()
        _ = start(&state, key, at: 0)
        #expect(state.take(key) == nil)  // The launcher has not been asked for it yet.
        state.askedFor(id(1), of: key)
        _ = start(&state, key, at: 10, from: 2)
        state.askedFor(id(2), of: key)
        #expect(state.parked(id(2), of: key) == [])
        #expect(state.preparing == 1)
        #expect(state.take(key) == id(2))
        #expect(state.take(key) == id(1))
        #expect(state.take(key) == nil)
        #expect((state.count, state.preparing) == (0, 0))
        // It is the start's now, whatever is told of it, and another is prepared in its place.
        #expect(state.parked(id(1), of: key) == [])
        #expect(state.take(key) == nil)
        state.lost(id(1), of: key)
        #expect((state.count, state.preparing) == (0, 0))
        #expect(start(&state, key, at: 20, from: 3) == [.park(id(3)), .park(id(4)), .park(id(5))])
    }

    @Test func whatIsToldBeforeItIsKnownThatItWasAskedForCounts() {
        var state = ParkingState()
        _ = start(&state, key, at: 0)
        #expect(state.parked(id(1), of: key) == [])
        state.askedFor(id(1), of: key)
        #expect(state.take(key) == id(1))
        #expect((state.count, state.preparing) == (0, 0))
    }

    @Test func neitherTheVersionNorTheHostHasMoreThanItsBound() {
        var limits = ParkingState.Limits()
        (limits.each, limits.all) = (3, 4)
        var state = ParkingState(limits: limits)
        for number in 0..<20 { _ = start(&state, key, maximum: 100, at: 0, from: number * 20) }
        #expect(state.count == 3)
        for number in 0..<20 { _ = start(&state, other, maximum: 100, at: 0, from: 1000 + number * 20) }
        #expect(state.count == 4)
        var single = ParkingState()
        for number in 0..<20 { _ = start(&single, key, maximum: 1, at: 0, from: number * 20) }
        #expect(single.count == 2)  // One is needed while the last one is still leaving.
    }

    @Test func underPressureAllGoAndNoneIsPreparedForAWhile() {
        var state = ParkingState()
        _ = start(&state, key, at: 0)
        _ = state.parked(id(1), of: key)
        #expect(state.pressure(now: time(100)) == [.drop(id(1))])
        #expect(start(&state, key, at: 200) == [])
        #expect(start(&state, key, at: 31_000, from: 2) == [.park(id(2))])
    }

    @Test func whatComesWhenItsVersionIsNotWantedAnyMoreIsDroppedAlsoWhereTheVersionIsWantedAgain() {
        var state = ParkingState()
        _ = start(&state, key, at: 0)
        state.askedFor(id(1), of: key)
        _ = state.pressure(now: time(100))
        #expect(state.take(key) == nil)
        #expect((state.count, state.preparing) == (0, 1))
        _ = start(&state, key, at: 31_000, from: 2)
        #expect(state.parked(id(1), of: key) == [.drop(id(1))])
        #expect((state.count, state.preparing) == (1, 1))
    }

    @Test func aVersionThatIsGoneOrNotCalledAnyMoreGivesItsUp() {
        var state = ParkingState()
        _ = start(&state, key, at: 0)
        _ = start(&state, other, at: 0, from: 3)
        _ = state.parked(id(1), of: key)
        #expect(state.retire(key) == [.drop(id(1))])
        _ = state.parked(id(3), of: other)
        #expect(state.tick(now: time(599_000)) == [])
        #expect(state.tick(now: time(601_000)) == [.drop(id(3))])
        #expect((state.count, state.preparing) == (0, 0))
    }

    @Test func whatCouldNotBePreparedIsTriedAgainWithTheNextStart() {
        var state = ParkingState()
        _ = start(&state, key, at: 0)
        state.lost(id(1), of: key)
        #expect((state.count, state.preparing) == (0, 0))
        #expect(start(&state, key, maximum: 1, at: 3000, from: 2) == [.park(id(2))])
    }
}
