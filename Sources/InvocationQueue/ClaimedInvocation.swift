// SPDX-License-Identifier: Apache-2.0
public import FunctionModel

/// The right to work on one invocation and to settle it, until the lease runs out or somebody else has it.
public struct InvocationLease: Hashable, Sendable {
    /// Of the invocation.
    public var number: Int64
    /// Of this claim: never given twice, so that whoever lost an invocation cannot settle it any more.
    public var epoch: Int64

    public init(number: Int64, epoch: Int64) { (self.number, self.epoch) = (number, epoch) }
}

/// How often an invocation was tried, since it came or was last sent again.
public struct Tries: Hashable, Sendable {
    /// Attempts that ended in an error of the function. They are what the limit of retries counts.
    public var failures = 0
    /// Attempts that the host could not make, one after the other: nothing was free, or something of the host failed.
    public var throttles = 0
    /// What the age limit counts from.
    public var since: Timestamp

    public init(failures: Int = 0, throttles: Int = 0, since: Timestamp) {
        (self.failures, self.throttles, self.since) = (failures, throttles, since)
    }
}

/// An invocation that is to be worked on.
public struct ClaimedInvocation: Hashable, Sendable {
    public var lease: InvocationLease
    public var invocation: NewInvocation
    public var tries: Tries
    public var started: Timestamp
    /// When the attempt before this one ended; nil for the first.
    public var lastTried: Timestamp?

    public init(
        lease: InvocationLease, invocation: NewInvocation, tries: Tries, started: Timestamp, lastTried: Timestamp? = nil
    ) {
        self.lease = lease
        self.invocation = invocation
        self.tries = tries
        self.started = started
        self.lastTried = lastTried
    }
}

/// How many invocations of a lane a worker can take.
public struct LaneWant: Hashable, Sendable {
    public var lane: String
    public var count: Int

    public init(lane: String, count: Int) { (self.lane, self.count) = (lane, count) }
}

/// What a worker got of a lane.
public struct LaneClaims: Hashable, Sendable {
    public var lane: String
    public var claimed: [ClaimedInvocation]
    /// When the first one of the others is due; nil where none waits.
    public var nextDue: Timestamp?

    public init(lane: String, claimed: [ClaimedInvocation], nextDue: Timestamp?) {
        self.lane = lane
        self.claimed = claimed
        self.nextDue = nextDue
    }
}
