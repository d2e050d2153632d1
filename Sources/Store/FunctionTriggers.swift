// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
import GRDB

/// A trigger as it is stored.
public struct TriggerRecord: Hashable, Sendable {
    public var function: String
    /// Made once; a trigger that is deleted and created again has another one.
    public var id: String
    public var trigger: FunctionTrigger
    public var created: Timestamp
    public var modified: Timestamp
}

extension Store {
    /// - Returns: nil where the function has a trigger of this name.
    public func createTrigger(
        _ trigger: FunctionTrigger, of function: String, id: String, at time: Timestamp
    ) async throws -> TriggerRecord? {
        try await database.write { database in
            guard try Self.triggers(database, function: function, name: trigger.name).isEmpty else { return nil }
            try database.execute(
                sql: "INSERT INTO functionTrigger VALUES (?, ?, ?, ?, ?, ?, ?)",
                arguments: [
                    function, trigger.name, id, trigger.kind.type, JSONValue.object(trigger.json).text, time.milliseconds,
                    time.milliseconds,
                ])
            return try Self.triggers(database, function: function, name: trigger.name).first
        }
    }

    /// - Returns: nil where there is no such trigger.
    public func updateTrigger(_ trigger: FunctionTrigger, of function: String, at time: Timestamp) async throws -> TriggerRecord? {
        try await database.write { database in
            try database.execute(
                sql: "UPDATE functionTrigger SET content = ?, modified = ? WHERE function = ? AND name = ?",
                arguments: [JSONValue.object(trigger.json).text, time.milliseconds, function, trigger.name])
            return try Self.triggers(database, function: function, name: trigger.name).first
        }
    }

    /// - Returns: whether there was such a trigger.
    public func deleteTrigger(_ name: String, of function: String) async throws -> Bool {
        try await database.write { database in
            try database.execute(sql: "DELETE FROM functionTrigger WHERE function = ? AND name = ?", arguments: [function, name])
            return database.changesCount > 0
        }
    }

    public func trigger(_ name: String, of function: String) async throws -> TriggerRecord? {
        try await database.read { try Self.triggers($0, function: function, name: name).first }
    }

    /// Triggers in the order of functions and names.
    ///
    /// - Parameters:
    ///   - function: nil for all.
    ///   - type: `http` or `timer`; nil for both.
    ///   - after: only names behind this one.
    public func triggers(
        of function: String? = nil, type: String? = nil, prefix: String = "", after: String = "", limit: Int? = nil
    ) async throws -> [TriggerRecord] {
        try await database.read { try Self.triggers($0, function: function, type: type, prefix: prefix, after: after, limit: limit) }
    }

    private static func triggers(
        _ database: Database, function: String?, name: String? = nil, type: String? = nil, prefix: String = "", after: String = "",
        limit: Int? = nil
    ) throws -> [TriggerRecord] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT * FROM functionTrigger
                WHERE (:function IS NULL OR function = :function) AND (:name IS NULL OR name = :name) AND (:type IS NULL OR type = :type)
                AND substr(name, 1, length(:prefix)) = :prefix AND name > :after ORDER BY function, name LIMIT :limit
                """,
            arguments: [
                "function": function, "name": name, "type": type, "prefix": prefix, "after": after, "limit": limit ?? -1,
            ]
        ).map(TriggerRecord.init)
    }
}

extension TriggerRecord {
    init(_ row: Row) throws {
        let (function, content): (String, String) = (row["function"], row["content"])
        do {
            self.init(
                function: function, id: row["id"], trigger: try FunctionTrigger(creating: try JSONValue(parsing: content).object ?? [:]),
                created: Timestamp(milliseconds: row["created"]), modified: Timestamp(milliseconds: row["modified"]))
        } catch { throw StoredValueError(description: "a stored trigger of function '\(function)' cannot be read: \(error)") }
    }
}
