// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
import GRDB

extension EmbeddedQueue {
    public func tasks(_ filter: TaskFilter) async throws -> [TaskRecord] { try await tables.tasks(filter) }

    public func statistics() async throws -> [LaneStatistics] { try await tables.statistics() }

    /// The same with every row counted, instead of the number of those that wait taken from the others: what a check of the books needs.
    public func audit() async throws -> [LaneStatistics] { try await tables.statistics(counting: true) }

    public func redrive(_ filter: TaskFilter, now: Timestamp) async throws -> Int {
        try await filter.inPortions { portion in
            try await perform { transaction in try transaction.each(portion) { try transaction.redrive($0, now: now) } }
        }
    }

    public func purge(_ filter: TaskFilter) async throws -> Int {
        try await filter.inPortions { portion in
            try await perform { transaction in try transaction.each(portion) { try transaction.purge($0) } }
        }
    }
}

extension TaskFilter {
    /// Has dead letters treated in transactions of a bounded length.
    ///
    /// - Parameter treat: treats what a filter finds, and returns the numbers.
    /// - Returns: how many.
    func inPortions(_ treat: (TaskFilter) async throws -> [Int64]) async throws -> Int {
        var filter = self
        filter.statuses = statuses.isEmpty ? TaskFilter.dead(lane: nil).statuses : statuses.filter(\.isDead)
        guard !filter.statuses.isEmpty else { return 0 }
        var done = 0
        while done < limit {
            filter.limit = min(QueueTransaction.portion, limit - done)
            let numbers = try await treat(filter)
            done += numbers.count
            filter.after = numbers.last
            if numbers.count < filter.limit { break }
        }
        return done
    }
}

extension QueueTransaction {
    /// Invocations that one transaction sends again, throws away or forgets: the writer must not be held up by a long list.
    static let portion = 500

    /// What is found and what is done to it are one transaction, so that nothing is done twice.
    func each(_ filter: TaskFilter, _ body: (Int64) throws -> Void) throws -> [Int64] {
        let numbers = try TaskQuery(filter).numbers(database)
        for number in numbers { try body(number) }
        return numbers
    }

    /// A dead letter waits again, as if it had just come; its history goes on.
    func redrive(_ number: Int64, now: Timestamp) throws {
        guard let row = try rows("SELECT lane FROM ended WHERE number = ?", [number]).first else { return }
        let lane: Int64 = row["lane"]
        try run("DELETE FROM ended WHERE number = ?", [number])
        try record(AttemptRecord(started: now, ended: now, result: "Redriven"), of: number)
        try makeReady(number, lane, due: now, Tries(since: now))
        count(lane) { $0.dead -= 1 }
        hasWork(try name(lane), due: now)
    }

    func purge(_ number: Int64) throws {
        guard let row = try rows("SELECT lane FROM ended WHERE number = ?", [number]).first else { return }
        count(row["lane"]) {
            $0.dead -= 1
            $0.purged += 1
        }
        try delete(number)
    }
}
