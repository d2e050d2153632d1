// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
import GRDB

/// What a function is to become when its image is here, or would have become, had the image come.
public struct PreparationRecord: Hashable, Sendable {
    public var function: String
    /// Never repeats on this host: tells this attempt from the next one.
    public var number: Int64
    public var configuration: FunctionConfiguration
    /// Why it came to nothing, for people; nil while it goes on.
    public var failure: String?
}

extension Store {
    /// Notes what a function is to become; what was noted before is void.
    ///
    /// - Returns: nil where there is no such function.
    public func beginPreparation(of function: String, _ configuration: FunctionConfiguration) async throws -> PreparationRecord? {
        try await database.write { database in
            guard try Self.function(function, database) != nil else { return nil }
            try Self.insertPreparation(of: function, configuration, database)
            return try Self.preparations(database, of: function).first
        }
    }

    static func insertPreparation(of function: String, _ configuration: FunctionConfiguration, _ database: Database) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO functionPreparation VALUES (?, ?, ?, NULL)",
            arguments: [function, try nextRevision(database), configuration.storedText])
    }

    /// - Returns: whether this attempt still was the newest one.
    public func failPreparation(_ record: PreparationRecord, because reason: String) async throws -> Bool {
        try await database.write { database in
            try database.execute(
                sql: "UPDATE functionPreparation SET failure = ? WHERE function = ? AND number = ?",
                arguments: [reason, record.function, record.number])
            return database.changesCount > 0
        }
    }

    public func preparation(of function: String) async throws -> PreparationRecord? {
        try await database.read { try Self.preparations($0, of: function).first }
    }

    public func preparations() async throws -> [PreparationRecord] { try await database.read { try Self.preparations($0, of: nil) } }

    private static func preparations(_ database: Database, of function: String?) throws -> [PreparationRecord] {
        try Row.fetchAll(
            database, sql: "SELECT * FROM functionPreparation WHERE ?1 IS NULL OR function = ?1 ORDER BY function", arguments: [function]
        ).map { row in
            let function: String = row["function"]
            return PreparationRecord(
                function: function, number: row["number"],
                configuration: try FunctionConfiguration(stored: row["configuration"], of: function), failure: row["failure"])
        }
    }
}
