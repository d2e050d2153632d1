// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
import GRDB

/// What a function is created with, or changed to.
public struct FunctionContent: Hashable, Sendable {
    public var configuration: FunctionConfiguration
    /// Nil where the image is not here yet.
    public var manifest: Digest?

    public init(configuration: FunctionConfiguration, manifest: Digest?) {
        self.configuration = configuration
        self.manifest = manifest
    }
}

extension Store {
    /// Makes a function; one without a manifest is to become the same when its image is here.
    ///
    /// - Returns: nil where the name is taken.
    public func createFunction(
        _ name: String, id: String, content: FunctionContent, tags: [FunctionTag], at time: Timestamp
    ) async throws -> FunctionRecord? {
        try await database.write { database in
            guard try Self.function(name, database) == nil else { return nil }
            try database.execute(
                sql: "INSERT INTO function VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, NULL)",
                arguments: [
                    name, id, content.configuration.storedText, FunctionTag.json(tags).text, content.manifest?.description ?? "",
                    try Self.nextRevision(database), time.milliseconds, time.milliseconds,
                ])
            if content.manifest == nil { try Self.insertPreparation(of: name, content.configuration, database) }
            return try Self.function(name, database)
        }
    }

    /// Gives a function another content, and a new revision with it. What it was to become before is void.
    ///
    /// - Returns: nil where there is no such function.
    public func updateFunction(_ name: String, content: FunctionContent, at time: Timestamp) async throws -> FunctionRecord? {
        try await database.write { database in
            try database.execute(
                sql: "UPDATE function SET configuration = ?, manifest = ?, revision = ?, modified = ? WHERE name = ?",
                arguments: [
                    content.configuration.storedText, content.manifest?.description ?? "", try Self.nextRevision(database),
                    time.milliseconds, name,
                ])
            try database.execute(sql: "DELETE FROM functionPreparation WHERE function = ?", arguments: [name])
            return try Self.function(name, database)
        }
    }

    /// Replaces a function's tags. They are no part of what a version freezes: the revision stays.
    public func setTags(_ tags: [FunctionTag], of name: String) async throws {
        try await database.write { database in
            try database.execute(sql: "UPDATE function SET tags = ? WHERE name = ?", arguments: [FunctionTag.json(tags).text, name])
        }
    }

    /// Deletes a function with all its versions. It must have no trigger.
    ///
    /// - Returns: whether there was one.
    public func deleteFunction(_ name: String) async throws -> Bool {
        try await database.write { database in
            try database.execute(sql: "DELETE FROM function WHERE name = ?", arguments: [name])
            return database.changesCount > 0
        }
    }

    public func function(_ name: String) async throws -> FunctionRecord? {
        try await database.read { database in try Self.function(name, database) }
    }

    /// Functions in the order of their names.
    ///
    /// - Parameters:
    ///   - after: only names behind this one.
    ///   - limit: at most so many; nil for all.
    public func functions(prefix: String = "", after: String = "", limit: Int? = nil) async throws -> [FunctionRecord] {
        try await database.read { database in
            try Row.fetchAll(
                database,
                sql: "SELECT * FROM function WHERE name > ? AND substr(name, 1, ?) = ? ORDER BY name LIMIT ?",
                arguments: [after, prefix.unicodeScalars.count, prefix, limit ?? -1]
            ).map(FunctionRecord.init)
        }
    }

    static func function(_ name: String, _ database: Database) throws -> FunctionRecord? {
        try Row.fetchOne(database, sql: "SELECT * FROM function WHERE name = ?", arguments: [name]).map(FunctionRecord.init)
    }

    static func nextRevision(_ database: Database) throws -> Int64 {
        try database.execute(sql: "UPDATE revision SET last = last + 1")
        guard let revision = try Int64.fetchOne(database, sql: "SELECT last FROM revision") else {
            throw StoredValueError(description: "the table of the last revision is empty")
        }
        return revision
    }
}
