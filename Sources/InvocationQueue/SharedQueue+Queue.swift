// SPDX-License-Identifier: Apache-2.0
public import FunctionModel

extension SharedQueue {
    public func enqueue(_ invocation: NewInvocation, then: @escaping @Sendable (Result<Acceptance, any Error>) -> Void) {
        book.add(
            .init(order: .enqueue(invocation)) { result in
                then(
                    result.flatMap { answer in
                        if case .acceptance(let acceptance) = answer { .success(acceptance) } else { .failure(Self.mixedUp) }
                    })
            })
    }

    private static let mixedUp = QueueError(description: "the answer to an order of the queue was another's")

    public func claim(_ wants: [LaneWant], until lease: Timestamp, now: Timestamp) async throws -> [LaneClaims] {
        // Every host hears of new work; most find that another one has it already, and need not ask.
        let due = try await tables.due(wants.map(\.lane))
        guard due.contains(where: { $0.map { $0 <= now } ?? false }) else {
            return zip(wants, due).map { LaneClaims(lane: $0.lane, claimed: [], nextDue: $1) }
        }
        guard case .claims(let claims) = try await perform(.claim(wants, until: lease, now: now)) else { throw Self.mixedUp }
        return claims
    }

    public func renew(_ leases: [InvocationLease], until lease: Timestamp) async throws -> [InvocationLease] {
        guard case .lost(let lost) = try await perform(.renew(leases, until: lease)) else { throw Self.mixedUp }
        return lost
    }

    public func settle(_ lease: InvocationLease, _ settlement: Settlement) async throws -> Bool {
        guard case .settled(let isSettled) = try await perform(.settle(lease, settlement)) else { throw Self.mixedUp }
        return isSettled
    }

    public func reclaim(now: Timestamp) async throws -> Int {
        guard try await tables.hasExpired(.lease, now: now) else { return 0 }
        guard case .count(let count) = try await perform(.reclaim(now: now)) else { throw Self.mixedUp }
        return count
    }

    public func stop(
        lane: String, task: String, now: Timestamp, follow: @escaping @Sendable (TaskRecord) -> [NewInvocation]
    ) async throws -> StopOutcome {
        guard var record = try await self.task(lane: lane, task) else { return .missing }
        record.status = .stopped
        record.attempts.append(AttemptRecord(started: now, ended: now, result: TaskStatus.stopped.rawValue, error: "stopped before it ran"))
        let order = QueueOrder.stop(lane: lane, task: task, now: now, follow: follow(record))
        guard case .stopped(let outcome) = try await perform(order) else { throw Self.mixedUp }
        return outcome
    }

    public func forget(now: Timestamp) async throws -> Int {
        var forgotten = 0
        while try await tables.hasExpired(.memory, now: now) {
            guard case .count(let count) = try await perform(.forget(now: now)) else { throw Self.mixedUp }
            forgotten += count
        }
        return forgotten
    }

    public func redrive(_ filter: TaskFilter, now: Timestamp) async throws -> Int {
        try await filter.inPortions { try await numbers(.redrive($0, now: now)) }
    }

    public func purge(_ filter: TaskFilter) async throws -> Int { try await filter.inPortions { try await numbers(.purge($0)) } }

    private func numbers(_ order: QueueOrder) async throws -> [Int64] {
        guard case .numbers(let numbers) = try await perform(order) else { throw Self.mixedUp }
        return numbers
    }

    public func tasks(_ filter: TaskFilter) async throws -> [TaskRecord] { try await tables.tasks(filter) }

    public func lanes() async throws -> [String: Timestamp] { try await tables.lanes() }

    public func lastTicks() async throws -> [String: Timestamp] { try await tables.lastTicks() }

    public func statistics() async throws -> [LaneStatistics] { try await tables.statistics() }

    /// The same with every row counted.
    package func audit() async throws -> [LaneStatistics] { try await tables.statistics(counting: true) }
}
