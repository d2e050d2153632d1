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

    @Test func asManyArePreparedAsStartedOfLateAndAtLeastOne() {
        var state = ParkingState()
        #expect(state.started(key, maximum: 100, now: time(0)) == [.park(key)])
        #expect(state.parked(id(1), of: key) == [])
        #expect(state.take(key) == id(1))
        #expect(state.take(key) == nil)
        #expect(state.started(key, maximum: 100, now: time(10)) == [.park(key), .park(key)])
        #expect(state.started(key, maximum: 100, now: time(5000)) == [])  // Two are coming, and one is enough now.
    }

    @Test func neitherTheVersionNorTheHostHasMoreThanItsBound() {
        var limits = ParkingState.Limits()
        (limits.each, limits.all) = (3, 4)
        var state = ParkingState(limits: limits)
        for _ in 0..<20 { _ = state.started(key, maximum: 100, now: time(0)) }
        #expect(state.count == 3)
        for _ in 0..<20 { _ = state.started(other, maximum: 100, now: time(0)) }
        #expect(state.count == 4)
        var single = ParkingState()
        for _ in 0..<20 { _ = single.started(key, maximum: 1, now: time(0)) }
        #expect(single.count == 2)  // One is needed while the last one is still leaving.
    }

    @Test func underPressureAllGoAndNoneIsPreparedForAWhile() {
        var state = ParkingState()
        _ = state.started(key, maximum: 9, now: time(0))
        _ = state.parked(id(1), of: key)
        #expect(state.pressure(now: time(100)) == [.drop(id(1))])
        #expect(state.started(key, maximum: 9, now: time(200)) == [])
        #expect(state.started(key, maximum: 9, now: time(31_000)) == [.park(key)])
    }

    @Test func aVersionThatIsGoneOrNotCalledAnyMoreGivesItsUp() {
        var state = ParkingState()
        _ = state.started(key, maximum: 9, now: time(0))
        _ = state.started(other, maximum: 9, now: time(0))
        _ = state.parked(id(1), of: key)
        #expect(state.retire(key) == [.drop(id(1))])
        #expect(state.parked(id(2), of: key) == [.drop(id(2))])  // It was under way.
        _ = state.parked(id(3), of: other)
        #expect(state.tick(now: time(599_000)) == [])
        #expect(state.tick(now: time(601_000)) == [.drop(id(3))])
        #expect(state.count == 0)
    }

    @Test func whatCouldNotBePreparedIsTriedAgainWithTheNextStart() {
        var state = ParkingState()
        _ = state.started(key, maximum: 9, now: time(0))
        state.lost(id(1), of: key)
        #expect(state.count == 0)
        #expect(state.started(key, maximum: 1, now: time(3000)) == [.park(key)])
    }
}
