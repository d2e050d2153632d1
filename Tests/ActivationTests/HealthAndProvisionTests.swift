// SPDX-License-Identifier: Apache-2.0
import Activation
import FunctionModel
import NIOCore
import Testing

private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)
private let failure = ServiceError(status: 502, code: "InitializationError", message: "it refuses")

@Suite struct HealthAndProvisionTests {
    private func state(concurrency: Int = 1, maximum: Int = 10, onDemand: Bool = true) -> AdmissionState {
        AdmissionState(
            limits: .init(concurrency: concurrency, maximumInstances: maximum, idleTime: .seconds(60), startsOnDemand: onDemand))
    }

    private func starts(_ actions: [AdmissionState.Action]) -> [Int] {
        actions.compactMap { if case .start(let slot) = $0 { slot } else { nil } }
    }

    private func stops(_ actions: [AdmissionState.Action]) -> [Int] {
        actions.compactMap { if case .stop(let slot, _) = $0 { slot } else { nil } }
    }

    @Test func `provisioned instances start without calls, and stay when the others end`() {
        var state = state()
        #expect(starts(state.provision(2, now: start)) == [0, 1])
        for slot in 0...1 { _ = state.instanceReady(slot, now: start) }
        guard case .granted = state.callArrives(1, now: start), case .granted = state.callArrives(2, now: start),
            case .waiting(let actions) = state.callArrives(3, now: start)
        else {
            Issue.record("two calls find the provisioned instances, the third one waits")
            return
        }
        #expect(starts(actions) == [2])
        _ = state.instanceReady(2, now: start)
        for slot in 0...2 { _ = state.callFinished(slot, .completed, now: start) }
        #expect(stops(state.tick(now: start + .seconds(61))) == [2], "the youngest goes")
        #expect(state.condition(of: 0) == .ready(inFlight: 0, isProvisioned: true))
        #expect(starts(state.instanceExited(1, failure, now: start + .seconds(62))) == [3], "a lost one is replaced")
        _ = state.instanceReady(3, now: start + .seconds(63))
        _ = state.provision(0, now: start + .seconds(64))
        #expect(Set(stops(state.tick(now: start + .seconds(200)))) == [0, 3])
    }

    @Test func `a provisioned start that fails is tried again after the pause`() {
        var state = state()
        _ = state.provision(1, now: start)
        let actions = state.startFailed(0, failure, gone: true, now: start)
        #expect(starts(actions).isEmpty && actions.contains(.wake(start + .milliseconds(250))))
        #expect(starts(state.tick(now: start + .milliseconds(250))) == [1])
    }

    @Test func `where calls start nothing only provisioned instances serve`() {
        var state = state(onDemand: false)
        #expect(state.callArrives(1, now: start) == .refused(.noneProvisioned))
        _ = state.provision(1, now: start)
        guard case .waiting(let actions) = state.callArrives(2, now: start) else {
            Issue.record("the call waits for the one that starts")
            return
        }
        #expect(starts(actions).isEmpty)
        #expect(state.instanceReady(0, now: start).contains(.grant(2, 0, first: true)))
    }

    @Test func `a failed initialization is told to the calls that it would have served, and the next ones try anew`() {
        var state = state(concurrency: 2)
        for call in 0..<3 { _ = state.callArrives(call, now: start) }
        let actions = state.initializationFailed(0, failure, now: start)
        let refused = actions.compactMap { if case .refuse(let call, _) = $0 { call } else { nil } }
        #expect(refused == [0, 1] && stops(actions) == [0])
        #expect(state.waitingCount == 1 && state.startingCount == 1, "the second instance is still to come for the third call")
        guard case .waiting = state.callArrives(9, now: start) else {
            Issue.record("no pause for the function's own failure")
            return
        }
    }

    @Test func `an unhealthy instance is passed over, and makes room where no other may start`() {
        var state = state(concurrency: 5, maximum: 1)
        _ = state.callArrives(0, now: start)
        _ = state.instanceReady(0, now: start)
        _ = state.instanceUnhealthy(0, now: start)
        #expect(state.condition(of: 0) == .unhealthy(inFlight: 1))
        guard case .waiting(let waits) = state.callArrives(1, now: start) else {
            Issue.record("the call is given to an unhealthy instance")
            return
        }
        #expect(starts(waits).isEmpty && stops(waits).isEmpty, "it has a call still")
        #expect(state.instanceHealthyAgain(0, now: start) == [.grant(1, 0, first: false)])
        _ = state.instanceUnhealthy(0, now: start)
        for _ in 0..<2 { _ = state.callFinished(0, .completed, now: start) }
        guard case .waiting(let room) = state.callArrives(2, now: start) else {
            Issue.record("the call is given to an unhealthy instance")
            return
        }
        #expect(stops(room) == [0])
        #expect(starts(state.instanceExited(0, failure, now: start)) == [1])
    }

    @Test func `thresholds count checks in a row, both ways`() {
        var check = HealthCheck(path: "/healthz")
        (check.failureThreshold, check.successThreshold) = (3, 2)
        var record = HealthRecord(check)
        func verdicts(_ text: String) -> [HealthRecord.Verdict] { text.map { record.note(success: $0 == "+") } }
        #expect(verdicts("--+--") == Array(repeating: .unchanged, count: 5))
        #expect(verdicts("-") == [.unhealthy])
        #expect(verdicts("-+-+") == Array(repeating: .unchanged, count: 4))
        #expect(verdicts("+") == [.healthyAgain])
        #expect(verdicts("------") == [.unchanged, .unchanged, .unhealthy, .unchanged, .unchanged, .givenUp])
    }
}
