// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import GRDB

/// What can be looked up in the tables without changing them.
struct QueueTables: Sendable {
    let pool: DatabasePool

    static func configuration() -> Configuration {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        configuration.busyMode = .timeout(5)
        configuration.label = "queue"
        return configuration
    }

    func tasks(_ filter: TaskFilter) async throws -> [TaskRecord] { try await pool.read { try TaskQuery(filter).records($0) } }

    func lanes() async throws -> [String: Timestamp] {
        try await pool.read { database in
            let rows = try Row.fetchAll(
                database,
                sql:
                    "SELECT name, (SELECT due FROM ready WHERE ready.lane = lane.id ORDER BY due LIMIT 1) AS due FROM lane WHERE due IS NOT NULL"
            )
            return Dictionary(uniqueKeysWithValues: rows.map { ($0["name"], Timestamp(milliseconds: $0["due"])) })
        }
    }

    /// When the first of a lane is due; nil where none waits.
    func due(_ lanes: [String]) async throws -> [Timestamp?] {
        try await pool.read { database in
            let statement = try database.cachedStatement(
                sql: "SELECT due FROM ready WHERE lane = (SELECT id FROM lane WHERE name = ?) ORDER BY due LIMIT 1")
            return try lanes.map { try Int64.fetchOne(statement, arguments: [$0]).map { Timestamp(milliseconds: $0) } }
        }
    }

    func lastTicks() async throws -> [String: Timestamp] {
        try await pool.read { database in
            let rows = try Row.fetchAll(database, sql: "SELECT id, last FROM timer")
            return Dictionary(uniqueKeysWithValues: rows.map { ($0["id"], Timestamp(milliseconds: $0["last"])) })
        }
    }

    /// Whether a claim has run out, or something is to be forgotten.
    func hasExpired(_ condition: Expiry, now: Timestamp) async throws -> Bool {
        try await pool.read {
            try Bool.fetchOne($0, sql: "SELECT EXISTS (SELECT 1 FROM \(condition.rawValue) ?)", arguments: [now.milliseconds]) ?? false
        }
    }

    enum Expiry: String {
        case lease = "running WHERE leaseUntil <"
        case memory = "ended WHERE keepUntil <="
    }

    func statistics(counting: Bool = false) async throws -> [LaneStatistics] {
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

extension LaneStatistics {
    init(_ row: Row) {
        self.init(lane: row["name"])
        (accepted, done, dead, purged) = (row["accepted"], row["done"], row["dead"], row["purged"])
        (running, retries) = (row["running"], row["retries"])
        waiting = row["waiting"] ?? (accepted - done - dead - purged - running)
        oldest = (row["oldest"] as Int64?).map { Timestamp(milliseconds: $0) }
    }
}
