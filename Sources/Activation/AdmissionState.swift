// SPDX-License-Identifier: Apache-2.0
internal import DequeModule
package import FunctionModel
package import NIOCore

/// Decides for one function version which call goes to which instance, when instances start and when they end.
///
/// A pure value: it is told what happened and at what time, and answers with actions. It never lets more than `maximumInstances` live, starts no
/// more instances than the waiting calls need, and gives calls their turn in the order of arrival.
///
/// | event | what comes of it |
/// |---|---|
/// | call arrives | granted on the least loaded instance; else it waits and instances start by need; refused where the queue is full or starts fail |
/// | instance ready | takes waiting calls up to its concurrency |
/// | start failed | a growing pause before the next; waiting calls are refused with the reason unless another instance lives or starts |
/// | initialization failed | as many waiting calls are refused as it would have taken; the others get new instances |
/// | instance unhealthy | out of the choice until it is healthy again, or given up: then it ends with its last call |
/// | instance exited | forgotten; replaced if calls wait |
/// | call finished | the next waiting call takes its place, or the instance is idle, or it ends because it was to be drained |
/// | provision | instances start up to that number, and as many are left when idle ones end |
/// | tick | idle instances are frozen until their next call, or end, calls that waited too long are refused, pauses end |
/// | start refused | the host has no room: another function is asked for some; where none has any to give, calls are refused unless an instance lives |
/// | yield | an idle instance ends, or the least loaded one with its last call, since another function needs its place |
/// | abort | every instance ends at once, and no call waits any more |
/// | drain | no instance outlives its calls |
package struct AdmissionState {
    package typealias Slot = Int
    package typealias Call = Int

    package struct Limits: Sendable {
        package var concurrency: Int
        package var maximumInstances: Int
        package var simultaneousStarts: Int
        package var waitingCalls: Int
        package var waitTime: TimeAmount
        package var idleTime: TimeAmount
        package var firstBackOff: TimeAmount
        package var longestBackOff: TimeAmount
        /// A program that serves one call at a time and was left alone with it is still busy: it is replaced.
        package var replacesAbandoned: Bool
        /// Whether calls start instances; where not, only provisioned ones serve.
        package var startsOnDemand: Bool
        /// Whether the time that an instance is kept is learned from the function's idle times, as far as they say anything.
        package var learnsIdleTime: Bool
        /// How long an instance has had no call when it is frozen; nil freezes none.
        package var freezeTime: TimeAmount?

        package init(
            concurrency: Int, maximumInstances: Int, simultaneousStarts: Int = 32, waitingCalls: Int = 4096,
            waitTime: TimeAmount = .seconds(30),
            idleTime: TimeAmount = .seconds(300), firstBackOff: TimeAmount = .milliseconds(250), longestBackOff: TimeAmount = .seconds(30),
            replacesAbandoned: Bool = true, startsOnDemand: Bool = true, learnsIdleTime: Bool = false,
            freezeTime: TimeAmount? = nil
        ) {
            self.concurrency = concurrency
            self.maximumInstances = maximumInstances
            self.simultaneousStarts = simultaneousStarts
            self.waitingCalls = waitingCalls
            self.waitTime = waitTime
            self.idleTime = idleTime
            self.firstBackOff = firstBackOff
            self.longestBackOff = longestBackOff
            self.replacesAbandoned = replacesAbandoned
            self.startsOnDemand = startsOnDemand
            self.learnsIdleTime = learnsIdleTime
            self.freezeTime = freezeTime
        }
    }

    package enum Refusal: Hashable, Sendable {
        case queueFull
        case waitedTooLong
        case hostFull
        case startFailed(ServiceError, retryIn: TimeAmount)
        case aborted(ServiceError)
        /// Calls start no instances, and none is provisioned.
        case noneProvisioned
    }

    package enum StopReason: Hashable, Sendable {
        case idle, drained, startFailed, abandonedCall, unreachable, unhealthy, aborted
        /// Another function needed its place on the host.
        case yielded
    }

    package enum Action: Hashable, Sendable {
        case start(Slot)
        /// `first` marks the first call that an instance ever gets.
        case grant(Call, Slot, first: Bool)
        case refuse(Call, Refusal)
        case stop(Slot, StopReason)
        /// It has no call and is not to run until it is thawed, which comes before its next call and before its stop.
        case freeze(Slot)
        case thaw(Slot)
        /// `tick` is due at this time, earlier than any asked for before.
        case wake(NIODeadline)
        /// The host is full: another function should give up an instance.
        case makeRoom
        /// Drained: no instance and no call is left.
        case finished
    }

    package enum Arrival: Hashable, Sendable {
        case granted(Slot, first: Bool)
        /// The same, on an instance that was frozen and is to be thawed.
        case grantedFrozen(Slot, first: Bool)
        case waiting([Action])
        case refused(Refusal)
    }

    /// How a call left its instance.
    package enum CallEnd: Hashable, Sendable {
        case completed
        /// The client went away, or the time limit passed: the program may still be at it.
        case abandoned
        /// The connection broke: the program may be gone, which its exit will say.
        case broken
    }

    struct Ready {
        let slot: Slot
        var inFlight = 0
        var idleSince: NIODeadline
        /// How long it is kept from there on, if no call comes.
        var kept: TimeAmount
        /// False where its health check says so: it gets no calls, and may come back.
        var isHealthy = true
        /// It has no call, and has had none for so long that it is kept from running.
        var isFrozen = false
        /// Calls that it was given, and calls that it completed.
        var granted = 0
        var completed = 0
    }

    struct Leaving {
        var inFlight: Int
        var stopAsked: Bool
    }

    struct Waiting {
        let call: Call
        let deadline: NIODeadline
    }

    struct BackOff {
        var failures: Int
        var until: NIODeadline
        var failure: ServiceError
    }

    package let limits: Limits
    var nextSlot = 0
    /// In the order of their slots: on equal load the oldest wins, so that the others become idle and end.
    var ready: [Ready] = []
    var starting: Set<Slot> = []
    var leaving: [Slot: Leaving] = [:]
    var waiting: Deque<Waiting> = []
    var backOff: BackOff?
    var draining = false
    /// Instances that are kept alive without calls too.
    package internal(set) var provisioned = 0
    var startsOnDemand: Bool
    var nextWake: NIODeadline?
    /// The idle times of the function up to now; a state that takes another's place begins with that one's.
    package var history = IdleHistogram()
    var rest = Rest.atWork

    package init(limits: Limits) {
        self.limits = limits
        startsOnDemand = limits.startsOnDemand
    }

    package var alive: Int { ready.count + starting.count + leaving.count }
    package var waitingCount: Int { waiting.count }
    package var readyCount: Int { ready.count { $0.isHealthy } }
    /// Why the last starts came to nothing; nil where the last one did not.
    package var lastFailure: ServiceError? { backOff?.failure }
    package var startingCount: Int { starting.count }
    package var inFlight: Int { ready.reduce(0) { $0 + $1.inFlight } + leaving.values.reduce(0) { $0 + $1.inFlight } }

    package enum Condition: Hashable, Sendable {
        case starting
        /// `isProvisioned` says whether it is one of those that are kept.
        case ready(inFlight: Int, isProvisioned: Bool)
        case frozen
        case unhealthy(inFlight: Int)
        case leaving(inFlight: Int)
    }

    /// How long an instance has had no call; nil where it has some, or is not ready.
    package func idleTime(of slot: Slot, now: NIODeadline) -> TimeAmount? {
        guard let index = readyIndex(slot), ready[index].inFlight == 0 else { return nil }
        return now - ready[index].idleSince
    }

    package func condition(of slot: Slot) -> Condition? {
        if let index = readyIndex(slot) {
            let instance = ready[index]
            if instance.isFrozen { return .frozen }
            return instance.isHealthy
                ? .ready(inFlight: instance.inFlight, isProvisioned: index < provisioned) : .unhealthy(inFlight: instance.inFlight)
        }
        if starting.contains(slot) { return .starting }
        return leaving[slot].map { .leaving(inFlight: $0.inFlight) }
    }
}
