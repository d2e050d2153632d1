// SPDX-License-Identifier: Apache-2.0
import Activation
import FunctionModel
import NIOCore
import Testing

/// A host of nothing but records, driven by random events, that checks after each one what must always hold.
private struct Model {
    var state: AdmissionState
    let concurrency: Int
    let maximum: Int
    var now = NIODeadline.uptimeNanoseconds(0)
    var starting: Set<Int> = []
    var ready: Set<Int> = []
    var stopped: Set<Int> = []
    var sick: Set<Int> = []
    var frozen: Set<Int> = []
    var provisioned = 0
    var healthy: Set<Int> { ready.subtracting(sick) }
    var running: [(call: Int, slot: Int)] = []
    var waiting: Set<Int> = []
    var answered: Set<Int> = []
    var arrived = 0
    let failure = ServiceError(status: 412, code: "CAExited", message: "it exits")

    var alive: Int { starting.count + ready.count + stopped.count }

    mutating func apply(_ actions: [AdmissionState.Action]) {
        for action in actions {
            switch action {
            case .start(let slot):
                #expect(starting.insert(slot).inserted, "a slot starts once")
                #expect(
                    starting.count <= (waiting.count + concurrency - 1) / concurrency || starting.count + state.readyCount <= provisioned,
                    "no more start than the waiting calls and the provisioned number need")
            case .grant(let call, let slot, _):
                #expect(waiting.remove(call) != nil, "only a waiting call is granted")
                #expect(healthy.contains(slot), "only a ready and healthy instance is given a call")
                #expect(!frozen.contains(slot), "no instance is given a call before it is thawed")
                running.append((call, slot))
            case .refuse(let call, _):
                #expect(waiting.remove(call) != nil, "only a waiting call is refused")
                answered.insert(call)
            case .stop(let slot, _):
                #expect(!running.contains { $0.slot == slot }, "no instance is stopped under a call")
                if starting.remove(slot) != nil || ready.remove(slot) != nil { stopped.insert(slot) }
                #expect(!frozen.contains(slot), "no instance is stopped before it is thawed")
            case .freeze(let slot):
                #expect(ready.contains(slot) && !running.contains { $0.slot == slot }, "only an instance without calls is frozen")
                #expect(frozen.insert(slot).inserted, "no instance is frozen twice")
            case .thaw(let slot): #expect(frozen.remove(slot) != nil, "only a frozen instance is thawed")
            case .makeRoom: apply(state.noRoom())
            case .wake, .finished: break
            }
        }
        for slot in Set(running.map(\.slot)) { #expect(running.count { $0.slot == slot } <= concurrency) }
        #expect(alive <= maximum)
        #expect(state.alive == alive)
        #expect(state.waitingCount == waiting.count)
        #expect(state.inFlight == running.count)
    }

    mutating func arrive() {
        let call = arrived
        arrived += 1
        waiting.insert(call)
        switch state.callArrives(call, now: now) {
        case .granted(let slot, let first): apply([.grant(call, slot, first: first)])
        case .grantedFrozen(let slot, let first): apply([.thaw(slot), .grant(call, slot, first: first)])
        case .waiting(let actions): apply(actions)
        case .refused(let refusal): apply([.refuse(call, refusal)])
        }
    }

    mutating func step(_ random: inout SplitMix) {
        now = now + .milliseconds(Int64.random(in: 0...200, using: &random))
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<40: arrive()
        case 40..<55:
            guard let slot = starting.randomElement(using: &random) else { return }
            starting.remove(slot)
            ready.insert(slot)
            apply(state.instanceReady(slot, now: now))
        case 55..<75:
            guard let index = running.indices.randomElement(using: &random) else { return }
            let (call, slot) = running.remove(at: index)
            answered.insert(call)
            apply(
                state.callFinished(
                    slot, [.completed, .completed, .abandoned, .broken].randomElement(using: &random) ?? .completed, now: now))
        case 75..<79:
            guard let slot = starting.randomElement(using: &random) else { return }
            starting.remove(slot)
            apply(state.startFailed(slot, failure, gone: true, now: now))
        case 79..<83:
            guard let slot = ready.randomElement(using: &random) else { return }
            ready.remove(slot)
            frozen.remove(slot)
            let lost = running.filter { $0.slot == slot }
            running.removeAll { $0.slot == slot }
            let actions = state.instanceExited(slot, failure, now: now)
            answered.formUnion(lost.map(\.call))
            apply(actions)
            for _ in lost { apply(state.callFinished(slot, .broken, now: now)) }
        case 83: apply(state.yield())
        case 84..<92:
            guard let slot = stopped.randomElement(using: &random) else { return }
            stopped.remove(slot)
            apply(state.instanceExited(slot, failure, now: now))
        case 92..<94:
            guard let call = waiting.randomElement(using: &random) else { return }
            waiting.remove(call)
            answered.insert(call)
            apply(state.callCancelled(call))
        case 94:
            provisioned = Int.random(in: 0...maximum + 1, using: &random)
            apply(state.provision(provisioned, now: now))
        case 95:
            guard let slot = healthy.randomElement(using: &random) else { return }
            sick.insert(slot)
            apply(state.instanceUnhealthy(slot, now: now))
        case 96:
            guard let slot = ready.intersection(sick).randomElement(using: &random) else { return }
            if Bool.random(using: &random) {
                sick.remove(slot)
                apply(state.instanceHealthyAgain(slot, now: now))
            } else {
                apply(state.instanceGivenUp(slot, now: now))
            }
        case 97 where Bool.random(using: &random):
            guard let slot = starting.randomElement(using: &random) else { return }
            starting.remove(slot)
            apply(state.startRefused(slot, now: now))
        case 97:
            guard let slot = starting.randomElement(using: &random) else { return }
            apply(state.initializationFailed(slot, failure, now: now))
        default: apply(state.tick(now: now))
        }
    }
}

private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

@Suite struct AdmissionPropertyTests {
    @Test(arguments: 0..<60)
    func `whatever happens, instances and calls stay within their limits`(seed: UInt64) {
        var random = SplitMix(state: seed)
        let concurrency = Int.random(in: 1...4, using: &random)
        let maximum = Int.random(in: 1...6, using: &random)
        var model = Model(
            state: AdmissionState(
                limits: .init(
                    concurrency: concurrency, maximumInstances: maximum, waitingCalls: 30, waitTime: .seconds(2), idleTime: .seconds(1),
                    freezeTime: seed % 2 == 0 ? .milliseconds(400) : nil)),
            concurrency: concurrency, maximum: maximum)
        for _ in 0..<2000 { model.step(&random) }
    }
}
