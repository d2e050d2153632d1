// SPDX-License-Identifier: Apache-2.0
import Activation
import FunctionModel
import NIOCore
import Testing

private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

/// A function whose instance starts at once and whose calls take no time, told of the time as the host would: at each moment that it asks for.
private struct Clockwork {
    var state = AdmissionState(limits: .init(concurrency: 1, maximumInstances: 3, idleTime: .seconds(300), learnsIdleTime: true))
    var now = start
    var wakes: [NIODeadline] = []
    var alive: Set<Int> = []
    var calls = 0
    var coldStarts = 0

    mutating func apply(_ actions: [AdmissionState.Action]) {
        for action in actions {
            switch action {
            case .start(let slot):
                alive.insert(slot)
                apply(state.instanceReady(slot, now: now))
            case .grant(_, let slot, _): apply(state.callFinished(slot, .completed, now: now))
            case .stop(let slot, _):
                alive.remove(slot)
                apply(state.instanceExited(slot, .init(status: 412, code: "CAExited", message: ""), now: now))
            case .wake(let time): wakes.append(time)
            case .refuse, .makeRoom, .finished, .freeze, .thaw: break
            }
        }
    }

    mutating func pass(_ time: TimeAmount) {
        let end = now + time
        while let next = wakes.min(), next <= end {
            wakes.removeAll { $0 == next }
            now = max(now, next)
            apply(state.tick(now: now))
        }
        now = end
    }

    mutating func call() {
        calls += 1
        switch state.callArrives(calls, now: now) {
        case .granted(let slot, _), .grantedFrozen(let slot, _): apply(state.callFinished(slot, .completed, now: now))
        case .waiting(let actions):
            coldStarts += 1
            apply(actions)
        case .refused: Issue.record("a call was refused")
        }
    }
}

@Suite struct LearnedIdleTimeTests {
    @Test func `a function that is called every half hour has an instance shortly before, and none in between`() {
        var host = Clockwork()
        for _ in 0..<8 {
            host.call()
            host.pass(.minutes(30))
        }
        let cold = host.coldStarts
        #expect(cold >= 5, "nothing is known of it at first, and five minutes are too short")
        for _ in 0..<20 {
            host.call()
            host.pass(.seconds(10))
            #expect(host.alive.isEmpty, "it ends at once")
            host.pass(.minutes(26))
            #expect(host.alive.isEmpty, "it is not due yet")
            host.pass(.seconds(30 * 60 - 26 * 60 - 10))
            #expect(host.alive.count == 1, "it is due")
        }
        #expect(host.coldStarts == cold, "no call had to wait")
        host.pass(.minutes(30))
        #expect(host.alive.isEmpty, "the call did not come")
    }

    @Test func `a function that is called every minute or two keeps its instance that long`() {
        var host = Clockwork()
        for number in 0..<40 {
            host.call()
            host.pass(.seconds(number.isMultiple(of: 2) ? 50 : 110))
        }
        #expect(host.coldStarts == 1)
        host.pass(.seconds(25))
        #expect(host.alive.isEmpty, "longer than any gap so far, and a tenth, is long enough")
    }

    @Test func `a function of which too little is known is kept for the fixed time`() {
        var host = Clockwork()
        host.call()
        host.pass(.seconds(299))
        #expect(host.alive.count == 1)
        host.pass(.seconds(2))
        #expect(host.alive.isEmpty)
    }
}

@Suite struct YieldTests {
    typealias Holding = AdmissionState.Holding

    @Test func `an idle instance is given up first, then one of the function that has most`() {
        let (idle, few, many) = (
            Holding(ready: 1, held: 1, hasIdle: true), Holding(ready: 2, held: 2, hasIdle: false),
            Holding(ready: 5, held: 5, hasIdle: false)
        )
        #expect(AdmissionState.whoYields([few, idle, many], for: 0) == 1)
        #expect(AdmissionState.whoYields([few, many], for: 0) == 1)
        #expect(AdmissionState.whoYields([few, many], for: 4) == nil, "each has its share")
        #expect(AdmissionState.whoYields([Holding(ready: 1, held: 1, hasIdle: false)], for: 0) == nil, "the only one is not taken away")
        #expect(AdmissionState.whoYields([Holding(ready: 0, held: 4, hasIdle: false)], for: 0) == nil, "what starts is not taken away")
    }
}
