// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
import GRDB

/// What stands beside a function and is frozen by no version.
public enum SettingKind: String, Hashable, Sendable {
    case concurrency, invocation, provision, scaling
}

/// One setting of a function, or of one of its qualifiers.
public struct SettingRecord: Hashable, Sendable {
    public var function: String
    /// `LATEST` or an alias; empty where the setting is the whole function's.
    public var qualifier: String
    /// As the API has it.
    public var content: [String: JSONValue]
    public var created: Timestamp
    public var modified: Timestamp
}

extension Store {
    /// - Returns: nil where there is no such function.
    public func putSetting(
        _ kind: SettingKind, of function: String, qualifier: String = "", content: [String: JSONValue], at time: Timestamp
    ) async throws -> SettingRecord? {
        try await database.write { database in
            guard try Self.function(function, database) != nil else { return nil }
            try database.execute(
                sql: """
                    INSERT INTO functionSetting VALUES (:function, :kind, :qualifier, :content, :time, :time)
                    ON CONFLICT DO UPDATE SET content = :content, modified = :time
                    """,
                arguments: [
                    "function": function, "kind": kind.rawValue, "qualifier": qualifier, "content": JSONValue.object(content).text,
                    "time": time.milliseconds,
                ])
            return try Self.settings(kind, database, function: function, qualifier: qualifier).first
        }
    }

    public func setting(_ kind: SettingKind, of function: String, qualifier: String = "") async throws -> SettingRecord? {
        try await database.read { try Self.settings(kind, $0, function: function, qualifier: qualifier).first }
    }

    /// Settings in the order of functions and qualifiers.
    ///
    /// - Parameters:
    ///   - function: nil for all.
    ///   - after: only those behind this function and qualifier.
    public func settings(
        _ kind: SettingKind, of function: String? = nil, after: (function: String, qualifier: String) = ("", ""), limit: Int? = nil
    ) async throws -> [SettingRecord] {
        try await database.read { try Self.settings(kind, $0, function: function, after: after, limit: limit) }
    }

    /// - Returns: whether there was one.
    public func deleteSetting(_ kind: SettingKind, of function: String, qualifier: String = "") async throws -> Bool {
        try await database.write { database in
            try database.execute(
                sql: "DELETE FROM functionSetting WHERE function = ? AND kind = ? AND qualifier = ?",
                arguments: [function, kind.rawValue, qualifier])
            return database.changesCount > 0
        }
    }

    private static func settings(
        _ kind: SettingKind, _ database: Database, function: String?, qualifier: String? = nil,
        after: (function: String, qualifier: String) = ("", ""), limit: Int? = nil
    ) throws -> [SettingRecord] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT * FROM functionSetting
                WHERE kind = :kind AND (:function IS NULL OR function = :function) AND (:qualifier IS NULL OR qualifier = :qualifier)
                AND (function, qualifier) > (:afterFunction, :afterQualifier) ORDER BY function, qualifier LIMIT :limit
                """,
            arguments: [
                "kind": kind.rawValue, "function": function, "qualifier": qualifier, "afterFunction": after.function,
                "afterQualifier": after.qualifier, "limit": limit ?? -1,
            ]
        ).map(SettingRecord.init)
    }
}

extension SettingRecord {
    init(_ row: Row) throws {
        let (function, content): (String, String) = (row["function"], row["content"])
        guard let members = try JSONValue(parsing: content).object else {
            throw StoredValueError(description: "a stored setting of function '\(function)' is no object")
        }
        self.init(
            function: function, qualifier: row["qualifier"], content: members, created: Timestamp(milliseconds: row["created"]),
            modified: Timestamp(milliseconds: row["modified"]))
    }
}
