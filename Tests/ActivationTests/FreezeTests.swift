// SPDX-License-Identifier: Apache-2.0
import Activation
import FunctionModel
import NIOCore
import Testing

private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

@Suite struct FreezeTests {
    /// With one ready instance that has just finished its first call.
    private func rested(provisioned: Int = 0) -> (state: AdmissionState, actions: [AdmissionState.Action]) {
        var state = AdmissionState(limits: .init(concurrency: 1, maximumInstances: 1, idleTime: .seconds(60), freezeTime: .seconds(5)))
        _ = state.provision(provisioned, now: start)
        _ = state.callArrives(1, now: start)
        _ = state.instanceReady(0, now: start)
        _ = state.callFinished(0, .completed, now: start)
        return (state, state.tick(now: start))
    }

    @Test func `an instance is frozen once it has had no call for the time, and not before`() {
        var (state, actions) = rested()
        #expect(actions == [.wake(start + .seconds(5))])
        #expect(!state.tick(now: start + .milliseconds(4999)).contains(.freeze(0)))
        #expect(state.tick(now: start + .seconds(5)) == [.freeze(0), .wake(start + .seconds(60))])
        #expect(state.condition(of: 0) == .frozen)
        #expect(state.tick(now: start + .seconds(6)) == [.wake(start + .seconds(60))])
    }

    @Test func `a call thaws it, and its rest begins anew`() {
        var (state, _) = rested()
        _ = state.tick(now: start + .seconds(5))
        #expect(state.callArrives(2, now: start + .seconds(9)) == .grantedFrozen(0, first: false))
        #expect(state.condition(of: 0) == .ready(inFlight: 1, isProvisioned: false))
        _ = state.callFinished(0, .completed, now: start + .seconds(10))
        #expect(!state.tick(now: start + .seconds(14)).contains(.freeze(0)))
        #expect(state.tick(now: start + .seconds(15)).contains(.freeze(0)))
    }

    @Test func `what ends is thawed before`() {
        let end = start + .seconds(60)
        var (state, _) = rested()
        _ = state.tick(now: start + .seconds(5))
        var others = [state, state, state]
        #expect(state.tick(now: end) == [.thaw(0), .stop(0, .idle)])
        #expect(others[0].drain(now: end) == [.thaw(0), .stop(0, .drained)])
        #expect(others[1].yield() == [.thaw(0), .stop(0, .yielded)])
        let error = ServiceError(status: 403, code: "InvocationDisabled", message: "off")
        #expect(others[2].abort(error, now: end) == [.thaw(0), .stop(0, .aborted)])
    }

    @Test func `a provisioned instance is never frozen`() {
        var (state, _) = rested(provisioned: 1)
        #expect(state.tick(now: start + .seconds(50)) == [])
    }
}
