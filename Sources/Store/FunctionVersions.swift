// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
import GRDB

/// What publishing came to.
public enum PublishOutcome: Hashable, Sendable {
    case published(VersionRecord)
    case functionMissing
    /// Nothing changed since this version was published.
    case unchanged(since: Int)
}

extension Store {
    /// Freezes the newest state of a function under the next number. Numbers start at 1 and are never given twice.
    public func publishVersion(of function: String, description: String, at time: Timestamp) async throws -> PublishOutcome {
        try await database.write { database in
            guard let record = try Self.function(function, database) else { return .functionMissing }
            guard record.publishedRevision != record.revision else { return .unchanged(since: record.lastVersion) }
            let number = record.lastVersion + 1
            try database.execute(
                sql: """
                    INSERT INTO functionVersion (function, number, revision, configuration, manifest, description, created)
                    SELECT name, ?, revision, configuration, manifest, ?, ? FROM function WHERE name = ?
                    """, arguments: [number, description, time.milliseconds, function])
            try database.execute(
                sql: "UPDATE function SET lastVersion = ?, publishedRevision = revision WHERE name = ?", arguments: [number, function])
            guard let version = try Self.version(number, of: function, database) else { return .functionMissing }
            return .published(version)
        }
    }

    public func version(_ number: Int, of function: String) async throws -> VersionRecord? {
        try await database.read { database in try Self.version(number, of: function, database) }
    }

    /// The versions of a function, or of all functions, oldest first.
    ///
    /// - Parameters:
    ///   - function: nil for all.
    ///   - newestFirst: the other way round.
    ///   - after: only versions that come behind this number in that order.
    public func versions(
        of function: String? = nil, newestFirst: Bool = false, after: Int? = nil, limit: Int? = nil
    ) async throws -> [VersionRecord] {
        try await database.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM functionVersion
                    WHERE (:function IS NULL OR function = :function) AND (:after IS NULL OR number \(newestFirst ? "<" : ">") :after)
                    ORDER BY function, number \(newestFirst ? "DESC" : "ASC") LIMIT :limit
                    """, arguments: ["function": function, "after": after, "limit": limit ?? -1]
            ).map(VersionRecord.init)
        }
    }

    /// - Returns: whether there was such a version.
    public func deleteVersion(_ number: Int, of function: String) async throws -> Bool {
        try await database.write { database in
            try database.execute(sql: "DELETE FROM functionVersion WHERE function = ? AND number = ?", arguments: [function, number])
            return database.changesCount > 0
        }
    }

    private static func version(_ number: Int, of function: String, _ database: Database) throws -> VersionRecord? {
        try Row.fetchOne(database, sql: "SELECT * FROM functionVersion WHERE function = ? AND number = ?", arguments: [function, number])
            .map(VersionRecord.init)
    }
}
