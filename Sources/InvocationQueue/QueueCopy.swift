// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import GRDB
import Synchronization

/// A message of the log of a shared queue.
struct QueueLogEntry: Sendable {
    var sequence: Int64
    /// Who wrote it. A host's session begins when it opens the queue, and numbers its messages from 1.
    var host: String
    var session: String
    var number: Int64
    var orders: [QueueOrder]
}

/// This host's copy of a shared queue: the same tables as those of the embedded one, changed by nothing but the log.
///
/// It is no source of truth, so its transactions are not synced: what a power failure takes from it is read from the log again.
final class QueueCopy: Sendable {
    /// What became of a message of the log.
    enum Outcome: Sendable {
        case answers([QueueAnswer])
        /// It was carried out before, or its host has begun anew since.
        case passedOver
    }

    let tables: QueueTables
    private let book: Mutex<LaneBook>

    init(path: String) throws {
        let pool = try DatabasePool(path: path, configuration: QueueTables.configuration())
        try QueueSchema.migrator.migrate(pool)
        tables = QueueTables(pool: pool)
        book = Mutex(
            try pool.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -32768")
                return try LaneBook(database)
            })
    }

    func close() throws { try tables.pool.close() }

    /// The stream that it follows, empty for none yet, and how far.
    func position() async throws -> (stream: String, applied: Int64) {
        try await tables.pool.read { database in
            guard let row = try Row.fetchOne(database, sql: "SELECT stream, applied FROM log") else { return ("", 0) }
            return (row["stream"], row["applied"])
        }
    }

    func follow(_ stream: String) async throws {
        try await tables.pool.write { try $0.execute(sql: "UPDATE log SET stream = ?", arguments: [stream]) }
    }

    /// The last message of a session that it has carried out.
    func last(of host: String, _ session: String) async throws -> Int64? {
        try await tables.pool.read {
            try Int64.fetchOne($0, sql: "SELECT last FROM member WHERE host = ? AND session = ?", arguments: [host, session])
        }
    }

    /// Carries out what the log has next, in one transaction.
    ///
    /// - Returns: what came of each entry, and the lanes that got something to do.
    func apply(_ entries: [QueueLogEntry]) async throws -> (outcomes: [Outcome], news: [String: Timestamp]) {
        guard let last = entries.last else { return ([], [:]) }
        return try await tables.pool.writeWithoutTransaction { database in
            let transaction = QueueTransaction(database, self.book.withLock { $0 })
            var outcomes: [Outcome] = []
            try database.inTransaction(.immediate) {
                for entry in entries {
                    guard try Self.isNext(entry, database) else {
                        outcomes.append(.passedOver)
                        continue
                    }
                    transaction.beginEpochs(at: entry.sequence << 16)
                    outcomes.append(.answers(try entry.orders.map { try transaction.carryOut($0, of: entry.host) }))
                }
                try database.execute(sql: "UPDATE log SET applied = ?", arguments: [last.sequence])
                try transaction.writeCounts()
                return .commit
            }
            self.book.withLock { $0 = transaction.book }
            return (outcomes, transaction.news)
        }
    }

    /// A message that was sent twice, or by a host that somebody has taken the place of, changes nothing.
    private static func isNext(_ entry: QueueLogEntry, _ database: Database) throws -> Bool {
        if entry.number == 1 {
            try database.execute(
                sql:
                    "INSERT INTO member VALUES (?, ?, 1) ON CONFLICT (host) DO UPDATE SET session = excluded.session, last = 1 WHERE session <> excluded.session",
                arguments: [entry.host, entry.session])
        } else {
            try database.execute(
                sql: "UPDATE member SET last = ? WHERE host = ? AND session = ? AND last < ?",
                arguments: [entry.number, entry.host, entry.session, entry.number])
        }
        return database.changesCount > 0
    }
}
