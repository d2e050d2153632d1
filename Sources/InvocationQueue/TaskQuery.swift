// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import GRDB

/// A ``TaskFilter`` as SQL. It begins at the table that holds the statuses asked for, so that a few dead ones are found quickly among a million.
struct TaskQuery {
    private let filter: TaskFilter
    private let table: String
    private var conditions: [String] = []
    private var arguments: [(any DatabaseValueConvertible)?] = []

    init(_ filter: TaskFilter) {
        self.filter = filter
        let tables = Set(filter.statuses.map(Self.table))
        table = filter.task == nil && tables.count == 1 ? tables.first ?? "invocation" : "invocation"
        if let lane = filter.lane { add("\(table).lane = (SELECT id FROM lane WHERE name = ?)", lane) }
        if table == "ended", filter.statuses.allSatisfy(\.isDead) { add("ended.isDead = 1") }
        if let task = filter.task { add("invocation.task = ?", task) }
        if let qualifier = filter.qualifier { add("invocation.qualifier = ?", qualifier) }
        if !filter.prefix.isEmpty { add("substr(invocation.task, 1, \(filter.prefix.unicodeScalars.count)) = ?", filter.prefix) }
        if let error = filter.error { add("instr(ended.error, ?) > 0", error) }
        if let from = filter.from { add("invocation.accepted >= ?", from.milliseconds) }
        if let to = filter.to { add("invocation.accepted <= ?", to.milliseconds) }
        if let after = filter.after { add("invocation.number \(filter.newestFirst ? "<" : ">") ?", after) }
        let statuses = filter.statuses.sorted { $0.rawValue < $1.rawValue }.map(Self.condition)
        if !statuses.isEmpty { add("(\(statuses.joined(separator: " OR ")))") }
    }

    private mutating func add(_ condition: String, _ values: (any DatabaseValueConvertible)?...) {
        conditions.append(condition)
        arguments += values
    }

    private static func table(_ status: TaskStatus) -> String {
        switch status {
        case .enqueued, .retrying: "ready"
        case .running, .stopping: "running"
        case .succeeded, .failed, .stopped, .expired, .invalid: "ended"
        }
    }

    private static let tried = "EXISTS (SELECT 1 FROM attempt WHERE attempt.invocation = invocation.number)"

    private static func condition(_ status: TaskStatus) -> String {
        switch status {
        case .enqueued: "(ready.number IS NOT NULL AND NOT \(tried))"
        case .retrying: "(ready.number IS NOT NULL AND \(tried))"
        case .running: "running.stopping = 0"
        case .stopping: "running.stopping = 1"
        case .succeeded, .failed, .stopped, .expired, .invalid: "ended.status = '\(status.rawValue)'"
        }
    }

    private var rest: String {
        let invocation = table == "invocation" ? "" : "CROSS JOIN invocation ON invocation.number = \(table).number "
        let others = ["ready", "running", "ended"].filter { $0 != table }.map { "LEFT JOIN \($0) ON \($0).number = invocation.number " }
        return "FROM \(table) \(invocation)\(others.joined())"
            + (conditions.isEmpty ? "" : "WHERE \(conditions.joined(separator: " AND ")) ")
            + "ORDER BY \(table).number \(filter.newestFirst ? "DESC" : "ASC") LIMIT \(filter.limit)"
    }

    /// The numbers of what the filter finds.
    func numbers(_ database: Database) throws -> [Int64] {
        try Int64.fetchAll(database, sql: "SELECT \(table).number \(rest)", arguments: StatementArguments(arguments))
    }

    func records(_ database: Database) throws -> [TaskRecord] {
        let columns = ["number", "lane", "task", "ownTask", "request", "qualifier", "accepted", "head", "deduplication", "depth"]
            .map { "invocation.\($0)" }.joined(separator: ", ")
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT \(columns)\(filter.withPayload ? ", invocation.payload" : ""), ready.due, running.started AS runningSince, running.stopping,
                ended.status, ended.started, ended.ended, ended.error, ended.response, ended.destination, \(Self.tried) AS tried,
                (SELECT name FROM lane WHERE id = invocation.lane) AS laneName \(rest)
                """, arguments: StatementArguments(arguments))
        return try rows.map { try record($0, database) }
    }

    private func record(_ row: Row, _ database: Database) throws -> TaskRecord {
        let number: Int64 = row["number"]
        let attempts = try Row.fetchAll(
            database, sql: "SELECT * FROM attempt WHERE invocation = ? ORDER BY number", arguments: [number]
        ).map(AttemptRecord.init)
        func time(_ column: String) -> Timestamp? { (row[column] as Int64?).map { Timestamp(milliseconds: $0) } }
        let status: TaskStatus
        if let stored = row["status"] as String? {
            guard let known = TaskStatus(rawValue: stored) else { throw QueueError(description: "the stored status '\(stored)' is none") }
            status = known
        } else if let stopping = row["stopping"] as Bool? {
            status = stopping ? .stopping : .running
        } else {
            status = row["tried"] ? .retrying : .enqueued
        }
        let response: Data? = row["response"]
        return TaskRecord(
            number: number, invocation: try NewInvocation(row, lane: row["laneName"], withPayload: filter.withPayload), status: status,
            attempts: attempts, started: time("started") ?? time("runningSince") ?? attempts.last?.started, ended: time("ended"),
            due: time("due"), error: row["error"] ?? attempts.last?.error ?? "", response: response.map { Array($0) } ?? [],
            destination: row["destination"] ?? "")
    }
}

extension AttemptRecord {
    init(_ row: Row) {
        self.init(
            started: Timestamp(milliseconds: row["started"]), ended: Timestamp(milliseconds: row["ended"]), result: row["result"],
            error: row["error"], instance: row["instance"])
    }
}
