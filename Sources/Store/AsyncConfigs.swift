// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
import GRDB

/// The asynchronous configuration of one qualifier of a function.
public struct AsyncConfigRecord: Hashable, Sendable {
    public var function: String
    public var qualifier: String
    public var config: AsyncInvokeConfig
    public var created: Timestamp
    public var modified: Timestamp
}

extension Store {
    /// Makes the configuration of a qualifier, or replaces it.
    public func putAsyncConfig(
        _ config: AsyncInvokeConfig, of function: String, qualifier: String, at time: Timestamp
    ) async throws -> AsyncConfigRecord? {
        try await database.write { database in
            try database.execute(
                sql: """
                    INSERT INTO asyncInvokeConfig VALUES (?, ?, ?, ?, ?)
                    ON CONFLICT DO UPDATE SET content = excluded.content, modified = excluded.modified
                    """, arguments: [function, qualifier, JSONValue.object(config.json).text, time.milliseconds, time.milliseconds])
            return try Self.asyncConfig(of: function, qualifier: qualifier, database)
        }
    }

    public func asyncConfig(of function: String, qualifier: String) async throws -> AsyncConfigRecord? {
        try await database.read { database in try Self.asyncConfig(of: function, qualifier: qualifier, database) }
    }

    /// - Returns: whether there was one.
    public func deleteAsyncConfig(of function: String, qualifier: String) async throws -> Bool {
        try await database.write { database in
            try database.execute(
                sql: "DELETE FROM asyncInvokeConfig WHERE function = ? AND qualifier = ?", arguments: [function, qualifier])
            return database.changesCount > 0
        }
    }

    /// In the order of function and qualifier.
    ///
    /// - Parameters:
    ///   - function: nil for all.
    ///   - after: only those behind this pair.
    public func asyncConfigs(
        of function: String? = nil, after: (function: String, qualifier: String) = ("", ""), limit: Int? = nil
    ) async throws -> [AsyncConfigRecord] {
        try await database.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM asyncInvokeConfig WHERE (:one IS NULL OR function = :one) AND (function, qualifier) > (:function, :qualifier)
                    ORDER BY function, qualifier LIMIT :limit
                    """, arguments: ["one": function, "function": after.function, "qualifier": after.qualifier, "limit": limit ?? -1]
            ).map(AsyncConfigRecord.init)
        }
    }

    private static func asyncConfig(of function: String, qualifier: String, _ database: Database) throws -> AsyncConfigRecord? {
        try Row.fetchOne(
            database, sql: "SELECT * FROM asyncInvokeConfig WHERE function = ? AND qualifier = ?", arguments: [function, qualifier]
        ).map(AsyncConfigRecord.init)
    }
}

extension AsyncConfigRecord {
    init(_ row: Row) throws {
        let (function, content): (String, String) = (row["function"], row["content"])
        do {
            self.init(
                function: function, qualifier: row["qualifier"],
                config: try AsyncInvokeConfig(try JSONValue(parsing: content).object ?? [:]),
                created: Timestamp(milliseconds: row["created"]), modified: Timestamp(milliseconds: row["modified"]))
        } catch {
            throw StoredValueError(description: "the stored asynchronous configuration of function '\(function)' cannot be read: \(error)")
        }
    }
}
