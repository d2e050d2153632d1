// SPDX-License-Identifier: Apache-2.0
import Activation
import FunctionModel
import NIOCore
import Testing

private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)
private let failure = ServiceError(status: 412, code: "CAExited", message: "it exits")

private func state(
    concurrency: Int = 1, maximum: Int = 10, simultaneous: Int = 32, queue: Int = 100, wait: TimeAmount = .seconds(10),
    idle: TimeAmount = .seconds(60)
) -> AdmissionState {
    AdmissionState(
        limits: .init(
            concurrency: concurrency, maximumInstances: maximum, simultaneousStarts: simultaneous, waitingCalls: queue, waitTime: wait,
            idleTime: idle))
}

private func starts(_ actions: [AdmissionState.Action]) -> [Int] {
    actions.compactMap { if case .start(let slot) = $0 { slot } else { nil } }
}

private func stops(_ actions: [AdmissionState.Action]) -> [Int] {
    actions.compactMap { if case .stop(let slot, _) = $0 { slot } else { nil } }
}

private func grants(_ actions: [AdmissionState.Action]) -> [Int] {
    actions.compactMap { if case .grant(let call, _, _) = $0 { call } else { nil } }
}

private func refusals(_ actions: [AdmissionState.Action]) -> [Int] {
    actions.compactMap { if case .refuse(let call, _) = $0 { call } else { nil } }
}

extension AdmissionState {
    fileprivate mutating func arrive(_ call: Int, _ now: NIODeadline = start) -> [Action] {
        switch callArrives(call, now: now) {
        case .waiting(let actions): actions
        case .granted(let slot, let first): [.grant(call, slot, first: first)]
        case .grantedFrozen(let slot, let first): [.thaw(slot), .grant(call, slot, first: first)]
        case .refused(let refusal): [.refuse(call, refusal)]
        }
    }
}

@Suite struct AdmissionStateTests {
    @Test func `the first call starts one instance, waits, and is the first on it`() {
        var state = state()
        #expect(starts(state.arrive(1)) == [0])
        #expect(state.instanceReady(0, now: start) == [.grant(1, 0, first: true)])
        #expect(state.callFinished(0, .completed, now: start).contains(.wake(start + .seconds(60))) == false)
        #expect(state.arrive(2) == [.grant(2, 0, first: false)])
    }

    @Test(arguments: [(1, 7, 7), (10, 7, 1), (3, 7, 3), (100, 200, 2)])
    func `no more instances start than the waiting calls need`(concurrency: Int, calls: Int, instances: Int) {
        var state = state(concurrency: concurrency, maximum: 1000, queue: 1000)
        #expect((0..<calls).flatMap { state.arrive($0) }.filter { if case .start = $0 { true } else { false } }.count == instances)
    }

    @Test func `starts stop at the maximum and at the bound of simultaneous ones`() {
        var few = state(maximum: 3)
        #expect((0..<10).flatMap { starts(few.arrive($0)) }.count == 3)
        var slow = state(maximum: 100, simultaneous: 2)
        #expect((0..<10).flatMap { starts(slow.arrive($0)) } == [0, 1])
        #expect(starts(slow.instanceReady(0, now: start)) == [])
        #expect(starts(slow.tick(now: start)) == [2])
    }

    @Test func `the least loaded instance takes the call, the oldest where they are equal`() {
        var state = state(concurrency: 2, maximum: 2)
        for call in 0..<4 { _ = state.arrive(call) }
        _ = state.instanceReady(0, now: start)
        _ = state.instanceReady(1, now: start)
        _ = state.callFinished(1, .completed, now: start)
        #expect(state.arrive(5) == [.grant(5, 1, first: false)])
        _ = state.callFinished(0, .completed, now: start)
        _ = state.callFinished(1, .completed, now: start)
        #expect(state.arrive(6) == [.grant(6, 0, first: false)])
    }

    @Test func `waiting calls have their turn in the order of arrival`() {
        var state = state(maximum: 1)
        for call in 0..<4 { _ = state.arrive(call) }
        #expect(grants(state.instanceReady(0, now: start)) == [0])
        for call in 1..<4 { #expect(grants(state.callFinished(0, .completed, now: start)) == [call]) }
    }

    @Test func `a full queue refuses, and a waiting call is refused after its time`() {
        var state = state(maximum: 1, queue: 2)
        for call in 0..<2 { _ = state.arrive(call) }
        #expect(state.arrive(2) == [.refuse(2, .queueFull)])
        #expect(grants(state.instanceReady(0, now: start)) == [0])
        #expect(state.tick(now: start + .seconds(9)).contains(.refuse(1, .waitedTooLong)) == false)
        #expect(state.tick(now: start + .seconds(10)).contains(.refuse(1, .waitedTooLong)))
    }

    @Test func `a waiting call is not refused while an instance starts for it`() {
        var state = state()
        _ = state.arrive(0)
        #expect(refusals(state.tick(now: start + .seconds(60))) == [])
        #expect(grants(state.instanceReady(0, now: start + .seconds(61))) == [0])
    }

    @Test func `a maximum of none forbids all calls`() {
        var state = state(maximum: 0)
        #expect(state.arrive(0) == [.refuse(0, .queueFull)])
    }

    @Test func `an idle instance ends after its time, and not before`() {
        var state = state()
        _ = state.arrive(0)
        _ = state.instanceReady(0, now: start)
        _ = state.callFinished(0, .completed, now: start + .seconds(1))
        #expect(stops(state.tick(now: start + .seconds(60))) == [])
        #expect(state.tick(now: start + .seconds(61)).contains(.stop(0, .idle)))
        #expect(state.alive == 1, "it lives until it has exited")
        _ = state.instanceExited(0, failure, now: start + .seconds(62))
        #expect(state.alive == 0)
    }

    @Test func `failing starts refuse the waiting calls at once, and the pause grows`() {
        var state = state()
        var now = start
        var pauses: [Int64] = []
        for call in 0..<4 {
            #expect(starts(state.arrive(call, now)).count == 1)
            #expect(refusals(state.startFailed(call, failure, gone: true, now: now)) == [call])
            guard case .refused(.startFailed(failure, let pause)) = state.callArrives(100 + call, now: now) else {
                Issue.record("a call in the pause must be refused at once")
                return
            }
            pauses.append(pause.nanoseconds / 1_000_000)
            now = now + pause
        }
        #expect(pauses == [250, 500, 1000, 2000])
    }

    @Test func `starts that fail together count as one`() {
        var state = state()
        for call in 0..<5 { _ = state.arrive(call) }
        for slot in 0..<4 { #expect(refusals(state.startFailed(slot, failure, gone: true, now: start)) == []) }
        #expect(refusals(state.startFailed(4, failure, gone: true, now: start)) == [0, 1, 2, 3, 4])
        #expect(state.arrive(9) == [.refuse(9, .startFailed(failure, retryIn: .milliseconds(250)))])
    }

    @Test func `a call that went well ends the pause`() {
        var state = state(concurrency: 1)
        _ = state.arrive(0)
        _ = state.startFailed(0, failure, gone: true, now: start)
        let later = start + .seconds(1)
        _ = state.arrive(1, later)
        _ = state.instanceReady(1, now: later)
        _ = state.callFinished(1, .completed, now: later)
        _ = state.instanceExited(1, failure, now: later)
        #expect(starts(state.arrive(2, later)).count == 1)
    }

    @Test func `an instance that dies is replaced for those who wait`() {
        var state = state(maximum: 1)
        for call in 0..<3 { _ = state.arrive(call) }
        _ = state.instanceReady(0, now: start)
        _ = state.callFinished(0, .completed, now: start)
        #expect(starts(state.instanceExited(0, failure, now: start)) == [1])
    }

    @Test func `a call that found nobody listening goes first again, and the instance is stopped`() {
        var state = state(maximum: 2)
        for call in 0..<2 { _ = state.arrive(call) }
        _ = state.instanceReady(0, now: start)
        _ = state.callFinished(0, .completed, now: start)
        let actions = state.callReturned(7, from: 0, failure: failure, now: start)
        #expect(stops(actions) == [0])
        #expect(grants(state.instanceReady(1, now: start)) == [7])
    }

    @Test func `an instance left alone with its only call is replaced`() {
        var state = state()
        _ = state.arrive(0)
        _ = state.instanceReady(0, now: start)
        #expect(state.callFinished(0, .abandoned, now: start) == [.stop(0, .abandonedCall)])
        #expect(starts(state.arrive(1)) == [1])
    }

    @Test func `a drained version finishes its calls and then is gone`() {
        var state = state(maximum: 1)
        for call in 0..<2 { _ = state.arrive(call) }
        _ = state.instanceReady(0, now: start)
        #expect(state.drain(now: start) == [])
        #expect(grants(state.callFinished(0, .completed, now: start)) == [1])
        #expect(stops(state.callFinished(0, .completed, now: start)) == [0])
        #expect(state.instanceExited(0, failure, now: start).contains(.finished))
    }

    @Test func `stopping all ends idle and starting instances at once and busy ones after their calls`() {
        var state = state(maximum: 3)
        for call in 0..<3 { _ = state.arrive(call) }
        _ = state.instanceReady(0, now: start)
        _ = state.instanceReady(1, now: start)
        _ = state.callFinished(1, .completed, now: start)
        _ = state.arrive(9)
        _ = state.callFinished(1, .completed, now: start)
        #expect(Set(stops(state.stopAll(now: start))).isSuperset(of: [2]))
        #expect(stops(state.callFinished(0, .completed, now: start)) == [0])
    }

    @Test func `a host without room refuses only where no instance could come free`() {
        var state = state()
        _ = state.arrive(0)
        #expect(state.startRefused(0, now: start).contains(.makeRoom))
        #expect(refusals(state.noRoom()) == [0])
        _ = state.arrive(1)
        _ = state.instanceReady(1, now: start)
        _ = state.arrive(2)
        #expect(refusals(state.startRefused(2, now: start)) == [] && refusals(state.noRoom()) == [])
        #expect(grants(state.callFinished(1, .completed, now: start)) == [2])
    }
}
