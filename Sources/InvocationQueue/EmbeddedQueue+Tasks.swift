// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
import GRDB

extension EmbeddedQueue {
    /// Invocations that one transaction sends again or throws away: the writer must not be held up by a long list.
    private static let portion = 500

    public func tasks(_ filter: TaskFilter) async throws -> [TaskRecord] {
        try await pool.read { try TaskQuery(filter).records($0) }
    }

    public func redrive(_ filter: TaskFilter, now: Timestamp) async throws -> Int {
        try await inPortions(filter) { transaction, number in try transaction.redrive(number, now: now) }
    }

    public func purge(_ filter: TaskFilter) async throws -> Int {
        try await inPortions(filter) { transaction, number in
            guard let row = try transaction.rows("SELECT lane FROM ended WHERE number = ?", [number]).first else { return }
            transaction.count(row["lane"]) {
                $0.dead -= 1
                $0.purged += 1
            }
            try transaction.delete(number)
        }
    }

    /// What is found and what is done to it are one transaction, so that nothing is done twice.
    private func inPortions(
        _ filter: TaskFilter, _ body: @escaping @Sendable (QueueTransaction, Int64) throws -> Void
    ) async throws -> Int {
        var filter = filter
        filter.statuses = filter.statuses.isEmpty ? TaskFilter.dead(lane: nil).statuses : filter.statuses.filter(\.isDead)
        guard !filter.statuses.isEmpty else { return 0 }
        var done = 0
        let wanted = filter.limit
        while done < wanted {
            filter.limit = min(Self.portion, wanted - done)
            let portion = filter
            let numbers = try await perform { transaction in
                let numbers = try TaskQuery(portion).numbers(transaction.database)
                for number in numbers { try body(transaction, number) }
                return numbers
            }
            done += numbers.count
            filter.after = numbers.last
            if numbers.count < portion.limit { break }
        }
        return done
    }

    public func statistics() async throws -> [LaneStatistics] { try await statistics(counting: false) }

    /// The same with every row counted, instead of the number of those that wait taken from the others: what a check of the books needs.
    public func audit() async throws -> [LaneStatistics] { try await statistics(counting: true) }

    private func statistics(counting: Bool) async throws -> [LaneStatistics] {
        try await pool.read { database in
            let counted = counting ? "(SELECT count(*) FROM ready WHERE ready.lane = lane.id)" : "NULL"
            let dead = counting ? "(SELECT count(*) FROM ended WHERE isDead = 1 AND ended.lane = lane.id)" : "dead"
            return try Row.fetchAll(
                database,
                sql: """
                    SELECT name, accepted, done, \(dead) AS dead, purged, retries, \(counted) AS waiting,
                    (SELECT count(*) FROM running WHERE running.lane = lane.id) AS running,
                    (SELECT accepted FROM invocation WHERE number =
                        (SELECT number FROM ready WHERE ready.lane = lane.id ORDER BY due LIMIT 1)) AS oldest
                    FROM lane ORDER BY name
                    """
            ).map(LaneStatistics.init)
        }
    }
}

extension QueueTransaction {
    /// A dead letter waits again, as if it had just come; its history goes on.
    fileprivate func redrive(_ number: Int64, now: Timestamp) throws {
        guard let row = try rows("SELECT lane FROM ended WHERE number = ?", [number]).first else { return }
        let lane: Int64 = row["lane"]
        try run("DELETE FROM ended WHERE number = ?", [number])
        try record(AttemptRecord(started: now, ended: now, result: "Redriven"), of: number)
        try makeReady(number, lane, due: now, Tries(since: now))
        count(lane) { $0.dead -= 1 }
        hasWork(try name(lane), due: now)
    }
}

extension LaneStatistics {
    init(_ row: Row) {
        self.init(lane: row["name"])
        (accepted, done, dead, purged) = (row["accepted"], row["done"], row["dead"], row["purged"])
        (running, retries) = (row["running"], row["retries"])
        waiting = row["waiting"] ?? (accepted - done - dead - purged - running)
        oldest = (row["oldest"] as Int64?).map { Timestamp(milliseconds: $0) }
    }
}
