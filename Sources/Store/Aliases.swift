// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
import GRDB

/// An alias as it is stored, at one of its changes.
public struct AliasRecord: Hashable, Sendable {
    public var function: String
    public var alias: FunctionAlias
    /// Counts the changes of this alias from 1.
    public var number: Int
    public var created: Timestamp
    /// When this change was made.
    public var modified: Timestamp
}

extension Store {
    /// Changes of an alias that are kept; older ones are forgotten.
    public static let aliasHistory = 100

    /// Makes an alias, or adds a change to it.
    ///
    /// - Returns: nil where there is one already and `creating` is set, or none and it is not.
    public func putAlias(_ alias: FunctionAlias, of function: String, creating: Bool, at time: Timestamp) async throws -> AliasRecord? {
        try await database.write { database in
            let newest = try Self.aliasChanges(alias.name, of: function, limit: 1, database).first
            guard (newest == nil) == creating else { return nil }
            if creating {
                try database.execute(
                    sql: "INSERT INTO functionAlias VALUES (?, ?, ?)", arguments: [function, alias.name, time.milliseconds])
            }
            let number = (newest?.number ?? 0) + 1
            try database.execute(
                sql: "INSERT INTO functionAliasChange VALUES (?, ?, ?, ?, ?)",
                arguments: [function, alias.name, number, JSONValue.object(alias.json).text, time.milliseconds])
            try database.execute(
                sql: "DELETE FROM functionAliasChange WHERE function = ? AND alias = ? AND number <= ?",
                arguments: [function, alias.name, number - Self.aliasHistory])
            return try Self.aliasChanges(alias.name, of: function, limit: 1, database).first
        }
    }

    public func alias(_ name: String, of function: String) async throws -> AliasRecord? {
        try await database.read { database in try Self.aliasChanges(name, of: function, limit: 1, database).first }
    }

    /// The changes of an alias, newest first.
    public func aliasChanges(_ name: String, of function: String) async throws -> [AliasRecord] {
        try await database.read { database in try Self.aliasChanges(name, of: function, limit: Self.aliasHistory, database) }
    }

    /// The aliases of a function, or of all functions, in the order of their names, each at its newest change.
    ///
    /// - Parameters:
    ///   - function: nil for all.
    ///   - after: only names behind this one.
    ///   - limit: at most so many; nil for all.
    public func aliases(
        of function: String? = nil, prefix: String = "", after: String = "", limit: Int? = nil
    ) async throws -> [AliasRecord] {
        try await database.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT functionAlias.created AS born, change.* FROM functionAlias JOIN functionAliasChange AS change
                    ON change.function = functionAlias.function AND change.alias = functionAlias.name AND change.number =
                        (SELECT max(number) FROM functionAliasChange WHERE function = change.function AND alias = change.alias)
                    WHERE (:function IS NULL OR functionAlias.function = :function)
                    AND substr(functionAlias.name, 1, length(:prefix)) = :prefix AND functionAlias.name > :after
                    ORDER BY functionAlias.function, functionAlias.name LIMIT :limit
                    """, arguments: ["function": function, "prefix": prefix, "after": after, "limit": limit ?? -1]
            ).map(AliasRecord.init)
        }
    }

    /// - Returns: whether there was such an alias.
    public func deleteAlias(_ name: String, of function: String) async throws -> Bool {
        try await database.write { database in
            try database.execute(sql: "DELETE FROM functionAlias WHERE function = ? AND name = ?", arguments: [function, name])
            return database.changesCount > 0
        }
    }

    private static func aliasChanges(_ name: String, of function: String, limit: Int, _ database: Database) throws -> [AliasRecord] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT functionAlias.created AS born, change.* FROM functionAlias JOIN functionAliasChange AS change
                ON change.function = functionAlias.function AND change.alias = functionAlias.name
                WHERE functionAlias.function = ? AND functionAlias.name = ? ORDER BY change.number DESC LIMIT ?
                """, arguments: [function, name, limit]
        ).map(AliasRecord.init)
    }
}

extension AliasRecord {
    init(_ row: Row) throws {
        let (function, content): (String, String) = (row["function"], row["content"])
        do {
            self.init(
                function: function, alias: try FunctionAlias(creating: try JSONValue(parsing: content).object ?? [:]),
                number: row["number"],
                created: Timestamp(milliseconds: row["born"]), modified: Timestamp(milliseconds: row["created"]))
        } catch { throw StoredValueError(description: "a stored alias of function '\(function)' cannot be read: \(error)") }
    }
}
