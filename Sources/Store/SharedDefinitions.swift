// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
import GRDB

/// What hosts of a cluster share, each as a whole.
public struct DefinitionKey: Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, Sendable {
        /// With its versions, aliases, triggers and settings.
        case function
        case domain
        /// With its versions; their zips are in the object store.
        case layer
    }

    public var kind: Kind
    public var name: String

    public init(_ kind: Kind, _ name: String) { (self.kind, self.name) = (kind, name) }

    public var description: String { "\(kind.rawValue) '\(name)'" }
}

extension Migrations {
    /// Which definitions were changed here and not shared since, noted by the transaction that changes them; and which revision of each is known here.
    static func sharedDefinitions(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE changedDefinition (
                    kind TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (kind, name)
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE sharedDefinition (
                    kind TEXT NOT NULL, name TEXT NOT NULL, revision INTEGER NOT NULL, PRIMARY KEY (kind, name)
                ) STRICT, WITHOUT ROWID;
                """)
        for kind in [DefinitionKey.Kind.function, .domain, .layer] {
            let first = DefinitionTable.all(of: kind)[0]
            try database.execute(sql: "INSERT INTO changedDefinition SELECT '\(kind.rawValue)', \(first.key) FROM \(first.name)")
            for table in DefinitionTable.all(of: kind) {
                // Not `INSERT OR IGNORE`: the conflict clause of the statement that fires a trigger would take the place of its own.
                for (event, row) in [("INSERT", "new"), ("UPDATE", "new"), ("DELETE", "old")] {
                    try database.execute(
                        sql: """
                            CREATE TRIGGER \(table.name)\(event)Shared AFTER \(event) ON \(table.name) BEGIN
                                INSERT INTO changedDefinition SELECT '\(kind.rawValue)', \(row).\(table.key) WHERE NOT EXISTS
                                    (SELECT 1 FROM changedDefinition WHERE kind = '\(kind.rawValue)' AND name = \(row).\(table.key));
                            END
                            """)
                }
            }
        }
    }
}

/// A table that holds a part of definitions, and the column that says of which.
struct DefinitionTable {
    var name: String
    var key: String

    /// In the order in which rows may be put in: each may refer to those before.
    static func all(of kind: DefinitionKey.Kind) -> [DefinitionTable] {
        switch kind {
        case .function:
            [DefinitionTable(name: "function", key: "name")]
                + ["functionVersion", "functionAlias", "functionAliasChange", "functionSetting", "asyncInvokeConfig", "functionTrigger"]
                .map { DefinitionTable(name: $0, key: "function") }
        case .domain: [DefinitionTable(name: "customDomain", key: "name")]
        case .layer: [DefinitionTable(name: "functionLayer", key: "name"), DefinitionTable(name: "layerVersion", key: "layer")]
        }
    }
}

extension Store {
    /// Definitions that were changed here since they were last shared.
    public func changedDefinitions() async throws -> [DefinitionKey] {
        // A layer before the functions that have it.
        try await database.read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM changedDefinition ORDER BY kind = 'layer' DESC, kind DESC, name").compactMap {
                row in
                DefinitionKey.Kind(rawValue: row["kind"]).map { DefinitionKey($0, row["name"]) }
            }
        }
    }

    /// The rows of a definition; nil where there is none of this name.
    public func definition(_ key: DefinitionKey) async throws -> JSONValue? {
        try await database.read { database in
            var tables: [String: JSONValue] = [:]
            for table in DefinitionTable.all(of: key.kind) {
                let rows = try Row.fetchAll(database, sql: "SELECT * FROM \(table.name) WHERE \(table.key) = ?", arguments: [key.name])
                tables[table.name] = .array(rows.map(Self.json))
            }
            let first = DefinitionTable.all(of: key.kind)[0].name
            guard tables[first]?.isEmpty == false else { return nil }
            return ["form": .integer(Self.definitionForm), "tables": .object(tables)]
        }
    }

    /// Grows with every change of the tables that hosts of different age could not read from each other.
    private static let definitionForm: Int64 = 1

    /// The revision of a definition that this host has, 0 for none.
    public func sharedRevision(_ key: DefinitionKey) async throws -> Int64 {
        try await database.read { database in
            try Int64.fetchOne(
                database, sql: "SELECT revision FROM sharedDefinition WHERE kind = ? AND name = ?",
                arguments: [key.kind.rawValue, key.name])
                ?? 0
        }
    }

    /// A definition as it is here is shared now.
    public func markShared(_ key: DefinitionKey, revision: Int64) async throws {
        try await database.write { try Self.mark(key, revision, $0) }
    }

    private static func mark(_ key: DefinitionKey, _ revision: Int64, _ database: Database) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO sharedDefinition VALUES (?, ?, ?)", arguments: [key.kind.rawValue, key.name, revision])
        try database.execute(sql: "DELETE FROM changedDefinition WHERE kind = ? AND name = ?", arguments: [key.kind.rawValue, key.name])
    }

    /// Makes a definition what another host has made of it.
    ///
    /// - Parameter definition: as ``definition(_:)`` gives it; nil where it was deleted.
    /// - Throws: ``StoredValueError`` where it is of a form that this Swiftlet does not know; `DatabaseError`.
    public func adopt(_ key: DefinitionKey, _ definition: JSONValue?, revision: Int64) async throws {
        let members = definition?.object ?? [:]
        if definition != nil, members["form"]?.integer != Int(Self.definitionForm) {
            throw StoredValueError(description: "\(key) was shared by a Swiftlet of another age")
        }
        try await database.write { database in
            let tables = DefinitionTable.all(of: key.kind)
            // Layers' rows are referred to by nothing that a removal would take along.
            for table in tables.reversed() {
                try database.execute(sql: "DELETE FROM \(table.name) WHERE \(table.key) = ?", arguments: [key.name])
            }
            for table in tables {
                for row in members["tables"]?.object?[table.name]?.array ?? [] { try Self.insert(row.object ?? [:], table.name, database) }
            }
            if key.kind == .function {
                try database.execute(
                    sql: "UPDATE revision SET last = max(last, ifnull((SELECT max(revision) FROM function), 0))")
            }
            try Self.mark(key, revision, database)
        }
    }

    private static func insert(_ row: [String: JSONValue], _ table: String, _ database: Database) throws {
        if table == "layerVersion" {
            try database.execute(
                sql: "INSERT OR IGNORE INTO layerZip VALUES (?, ?)", arguments: [row["bucket"]?.string, row["object"]?.string])
        }
        let known = Set(try database.columns(in: table).map(\.name))
        let columns = row.keys.filter(known.contains).sorted()
        let values = columns.map { column -> (any DatabaseValueConvertible)? in
            switch row[column] {
            case .integer(let number): number
            case .string(let text): text
            default: nil
            }
        }
        let marks = columns.map { _ in "?" }.joined(separator: ", ")
        try database.execute(
            sql: "INSERT INTO \(table) (\(columns.joined(separator: ", "))) VALUES (\(marks))", arguments: StatementArguments(values))
    }

    private static func json(_ row: Row) -> JSONValue {
        .object(
            Dictionary(
                row.map { column, value in
                    switch value.storage {
                    case .int64(let number): (column, .integer(number))
                    case .string(let text): (column, .string(text))
                    default: (column, .null)
                    }
                }, uniquingKeysWith: { $1 }))
    }
}
