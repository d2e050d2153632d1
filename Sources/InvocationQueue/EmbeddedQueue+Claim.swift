// SPDX-License-Identifier: Apache-2.0
import Foundation
public import FunctionModel
import GRDB

extension EmbeddedQueue {
    public func claim(_ wants: [LaneWant], until lease: Timestamp, now: Timestamp) async throws -> [LaneClaims] {
        try await perform(needsSync: false) { transaction in
            try wants.map { try transaction.claim($0, until: lease, now: now) }
        }
    }

    public func renew(_ leases: [InvocationLease], until lease: Timestamp) async throws -> [InvocationLease] {
        try await perform(needsSync: false) { try $0.renew(leases, until: lease) }
    }

    public func reclaim(now: Timestamp) async throws -> Int { try await perform { try $0.reclaim(now: now) } }

    public func lanes() async throws -> [String: Timestamp] { try await tables.lanes() }

    /// What ran when the host ended runs no more: nobody holds a lease any longer.
    static func giveBackRunning(_ database: Database, now: Timestamp) throws {
        let transaction = QueueTransaction(database, try LaneBook(database))
        for row in try transaction.rows("SELECT * FROM running", []) { try transaction.giveBack(row, now: now) }
        try transaction.writeCounts()
    }
}

extension QueueTransaction {
    func renew(_ leases: [InvocationLease], until lease: Timestamp) throws -> [InvocationLease] {
        try leases.filter { held in
            try run(
                "UPDATE running SET leaseUntil = ? WHERE number = ? AND epoch = ?", [lease.milliseconds, held.number, held.epoch])
            return database.changesCount == 0
        }
    }

    func reclaim(now: Timestamp) throws -> Int {
        let lost = try rows("SELECT * FROM running WHERE leaseUntil < ?", [now.milliseconds])
        for row in lost { try giveBack(row, now: now) }
        return lost.count
    }

    /// - Parameter owner: the host that claims; empty where only one can.
    func claim(_ want: LaneWant, until lease: Timestamp, now: Timestamp, for owner: String = "") throws -> LaneClaims {
        guard let lane = book.numbers[want.lane] else { return LaneClaims(lane: want.lane, claimed: [], nextDue: nil) }
        let due = try rows(
            """
            SELECT ready.due, ready.since, ready.failures, ready.throttles, invocation.* FROM ready
            JOIN invocation ON invocation.number = ready.number
            WHERE ready.lane = ? AND ready.due <= ? ORDER BY ready.due LIMIT ?
            """, [lane, now.milliseconds, want.count])
        let claimed = try due.map { row in
            var claimed = ClaimedInvocation(
                lease: InvocationLease(number: row["number"], epoch: nextEpoch()), invocation: try invocation(row, withPayload: true),
                tries: Tries(row), started: now)
            claimed.lastTried = try lastTried(claimed)
            try run("DELETE FROM ready WHERE number = ?", [claimed.lease.number])
            try run(
                "INSERT INTO running VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?)",
                [
                    claimed.lease.number, lane, claimed.lease.epoch, lease.milliseconds, now.milliseconds, claimed.tries.since.milliseconds,
                    claimed.tries.failures, claimed.tries.throttles, owner,
                ])
            return claimed
        }
        let next = try rows("SELECT due FROM ready WHERE lane = ? ORDER BY due LIMIT 1", [lane]).first
        return LaneClaims(lane: want.lane, claimed: claimed, nextDue: next.map { Timestamp(milliseconds: $0["due"]) })
    }

    private func lastTried(_ claimed: ClaimedInvocation) throws -> Timestamp? {
        guard claimed.tries.failures + claimed.tries.throttles > 0 else { return nil }
        let last = try rows("SELECT max(ended) AS ended FROM attempt WHERE invocation = ?", [claimed.lease.number]).first
        return (last?["ended"] as Int64?).map { Timestamp(milliseconds: $0) }
    }

    /// A row of `running` goes back to `ready`: whoever held it cannot settle it any more. One that was being stopped is tried no further.
    func giveBack(_ row: Row, now: Timestamp) throws {
        let (number, lane): (Int64, Int64) = (row["number"], row["lane"])
        let isStopping: Bool = row["stopping"]
        try run("DELETE FROM running WHERE number = ?", [number])
        let attempt = AttemptRecord(
            started: Timestamp(milliseconds: row["started"]), ended: now, result: isStopping ? "Stopped" : "Interrupted",
            error: "the host ended, or lost the invocation, in the middle of it")
        try record(attempt, of: number)
        guard !isStopping else { return try end(number, lane, .stopped, attempt, .kept(from: now)) }
        try makeReady(number, lane, due: now, Tries(row))
        count(lane) { $0.retries += 1 }
        hasWork(try name(lane), due: now)
    }

    /// Reads a row of `invocation`, which may have been joined to others.
    func invocation(_ row: Row, withPayload: Bool) throws -> NewInvocation {
        try NewInvocation(row, lane: name(row["lane"]), withPayload: withPayload)
    }
}

extension Tries {
    /// Of a row of `ready` or `running`.
    init(_ row: Row) {
        self.init(failures: row["failures"], throttles: row["throttles"], since: Timestamp(milliseconds: row["since"]))
    }
}

extension NewInvocation {
    init(_ row: Row, lane: String, withPayload: Bool) throws {
        let (request, task): (String, String) = (row["request"], row["task"])
        guard let id = RequestID(request),
            let head = InvocationHead(stored: try (row["head"] as String?).map { try JSONValue(parsing: $0) })
        else { throw QueueError(description: "the stored invocation '\(task)' of '\(lane)' cannot be read") }
        let payload: Data = withPayload ? row["payload"] : Data()
        self.init(
            lane: lane, qualifier: row["qualifier"], task: task, request: id, head: head, payload: Array(payload),
            accepted: Timestamp(milliseconds: row["accepted"]))
        hasOwnTask = row["ownTask"]
        deduplication = row["deduplication"]
        depth = row["depth"]
    }
}
