// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import GRDB

/// What the writer knows by heart, so that no transaction has to look it up.
struct LaneBook {
    struct Change {
        var accepted: Int64 = 0
        var done: Int64 = 0
        var dead: Int64 = 0
        var purged: Int64 = 0
        var retries: Int64 = 0
    }

    private(set) var numbers: [String: Int64] = [:]
    private(set) var names: [Int64: String] = [:]
    var nextEpoch: Int64 = 0
    var isSynced = true

    init() {}

    init(_ database: Database) throws {
        for row in try Row.fetchAll(database, sql: "SELECT id, name FROM lane") { add(row["name"], row["id"]) }
        // Claims of this opening are numbered above those of all before.
        nextEpoch = (try Int64.fetchOne(database, sql: "SELECT opened FROM host") ?? 0) << 40
    }

    mutating func add(_ name: String, _ number: Int64) {
        numbers[name] = number
        names[number] = name
    }
}

/// One transaction of the queue's writer, on the writer's thread.
final class QueueTransaction {
    let database: Database
    private(set) var book: LaneBook
    /// Lanes that got something to do, and the earliest time that it is due.
    private(set) var news: [String: Timestamp] = [:]
    private var changes: [Int64: LaneBook.Change] = [:]

    init(_ database: Database, _ book: LaneBook) { (self.database, self.book) = (database, book) }

    func run(_ sql: String, _ arguments: StatementArguments) throws {
        try database.cachedStatement(sql: sql).execute(arguments: arguments)
    }

    func rows(_ sql: String, _ arguments: StatementArguments) throws -> [Row] {
        try Row.fetchAll(database.cachedStatement(sql: sql), arguments: arguments)
    }

    /// Only outside of a transaction does SQLite take this.
    func setSync(_ on: Bool) throws {
        guard book.isSynced != on else { return }
        try database.execute(sql: on ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL")
        book.isSynced = on
    }

    func lane(_ name: String) throws -> Int64 {
        if let number = book.numbers[name] { return number }
        try run("INSERT INTO lane (name) VALUES (?)", [name])
        let number = database.lastInsertedRowID
        book.add(name, number)
        return number
    }

    func name(_ lane: Int64) throws -> String {
        guard let name = book.names[lane] else {
            throw QueueError(description: "the queue has an invocation of lane \(lane), which does not exist")
        }
        return name
    }

    /// Claims are numbered from here on: by their place in the log, every host numbers them alike.
    func beginEpochs(at epoch: Int64) { book.nextEpoch = epoch }

    func nextEpoch() -> Int64 {
        book.nextEpoch += 1
        return book.nextEpoch
    }

    func count(_ lane: Int64, _ change: (inout LaneBook.Change) -> Void) { change(&changes[lane, default: LaneBook.Change()]) }

    func hasWork(_ lane: String, due: Timestamp) { news[lane] = min(news[lane] ?? due, due) }

    /// The counts change in the transaction that changes what they count.
    func writeCounts() throws {
        for (lane, change) in changes {
            try run(
                """
                UPDATE lane SET accepted = accepted + ?, done = done + ?, dead = dead + ?, purged = purged + ?, retries = retries + ?
                WHERE id = ?
                """, [change.accepted, change.done, change.dead, change.purged, change.retries, lane])
        }
    }
}

/// The file of the queue holds what this Swiftlet cannot read.
public struct QueueError: Error, CustomStringConvertible {
    public var description: String
}
