// SPDX-License-Identifier: Apache-2.0
public import FunctionModel

/// A durable queue of invocations: what it has accepted is worked on at least once and ends once, whatever is killed in between.
///
/// Invocations lie in lanes, one a function, that do not wait for each other. The order within a lane is that of the times they are due, and is no promise.
public protocol InvocationQueue: Sendable {
    /// Takes an invocation in. `then` is called once, from any thread, when the invocation is as durable as this queue makes it, or not taken.
    func enqueue(_ invocation: NewInvocation, then: @escaping @Sendable (Result<Acceptance, any Error>) -> Void)

    /// Gives a worker invocations that are due. Until the lease runs out nobody else gets them.
    func claim(_ wants: [LaneWant], until lease: Timestamp, now: Timestamp) async throws -> [LaneClaims]

    /// - Returns: the leases that are lost; the others last until `lease`.
    func renew(_ leases: [InvocationLease], until lease: Timestamp) async throws -> [InvocationLease]

    /// Ends a claim.
    ///
    /// - Returns: false where the lease was lost before: nothing has changed then, and somebody else will settle it.
    func settle(_ lease: InvocationLease, _ settlement: Settlement) async throws -> Bool

    /// Takes back what was claimed with leases that have run out. Workers that were cut off cannot.
    ///
    /// - Returns: how many.
    func reclaim(now: Timestamp) async throws -> Int

    /// The lanes in which something waits, and when the first of each is due.
    func lanes() async throws -> [String: Timestamp]

    /// `observer` is called from any thread with each lane that got something new to do, and when it is due. There is one observer.
    func observe(_ observer: @escaping @Sendable (_ lane: String, _ due: Timestamp) -> Void)

    func tasks(_ filter: TaskFilter) async throws -> [TaskRecord]

    /// Stops an invocation: one that waits has ended when this returns, for one that runs the right is noted and its worker must see to it.
    ///
    /// - Parameter follow: what is to be enqueued with it, where it ended by this.
    func stop(
        lane: String, task: String, now: Timestamp, follow: @escaping @Sendable (TaskRecord) -> [NewInvocation]
    ) async throws -> StopOutcome

    /// Sends dead letters again: they keep their ids and their history. Each is sent once, however many ask for it.
    ///
    /// - Parameter filter: `limit` and order count; only dead ones are taken.
    /// - Returns: how many.
    func redrive(_ filter: TaskFilter, now: Timestamp) async throws -> Int

    /// Throws dead letters away.
    ///
    /// - Returns: how many.
    func purge(_ filter: TaskFilter) async throws -> Int

    /// Forgets successes that need not be remembered any more.
    ///
    /// - Returns: how many.
    func forget(now: Timestamp) async throws -> Int

    /// When each timer ticked last.
    func lastTicks() async throws -> [String: Timestamp]

    /// All lanes, in the order of their names.
    func statistics() async throws -> [LaneStatistics]
}

extension InvocationQueue {
    /// ``enqueue(_:then:)`` for tasks.
    public func enqueue(_ invocation: NewInvocation) async throws -> Acceptance {
        try await withCheckedThrowingContinuation { done in enqueue(invocation) { done.resume(with: $0) } }
    }

    public func task(lane: String, _ task: String) async throws -> TaskRecord? {
        var filter = TaskFilter(lane: lane)
        filter.task = task
        filter.withPayload = true
        return try await tasks(filter).first
    }
}
