// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
import GRDB

extension Migrations {
    static func customDomains(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE customDomain (
                    name TEXT NOT NULL PRIMARY KEY,
                    content TEXT NOT NULL,
                    created INTEGER NOT NULL,
                    modified INTEGER NOT NULL
                ) STRICT, WITHOUT ROWID;
                """)
    }
}

/// A custom domain as it is stored.
public struct DomainRecord: Hashable, Sendable {
    public var domain: CustomDomain
    public var created: Timestamp
    public var modified: Timestamp
}

extension Store {
    /// Makes a domain, or changes it.
    ///
    /// - Returns: nil where there is one already and `creating` is set, or none and it is not.
    public func putDomain(_ domain: CustomDomain, creating: Bool, at time: Timestamp) async throws -> DomainRecord? {
        try await database.write { database in
            guard try Self.domains(database, name: domain.name).isEmpty == creating else { return nil }
            try database.execute(
                sql: """
                    INSERT INTO customDomain VALUES (:name, :content, :time, :time)
                    ON CONFLICT DO UPDATE SET content = :content, modified = :time
                    """,
                arguments: ["name": domain.name, "content": JSONValue.object(domain.stored).text, "time": time.milliseconds])
            return try Self.domains(database, name: domain.name).first
        }
    }

    public func domain(_ name: String) async throws -> DomainRecord? {
        try await database.read { try Self.domains($0, name: name).first }
    }

    /// Domains in the order of their names.
    public func domains(prefix: String = "", after: String = "", limit: Int? = nil) async throws -> [DomainRecord] {
        try await database.read { try Self.domains($0, prefix: prefix, after: after, limit: limit) }
    }

    /// - Returns: whether there was one.
    public func deleteDomain(_ name: String) async throws -> Bool {
        try await database.write { database in
            try database.execute(sql: "DELETE FROM customDomain WHERE name = ?", arguments: [name])
            return database.changesCount > 0
        }
    }

    private static func domains(
        _ database: Database, name: String? = nil, prefix: String = "", after: String = "", limit: Int? = nil
    ) throws -> [DomainRecord] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT * FROM customDomain WHERE (:name IS NULL OR name = :name) AND substr(name, 1, length(:prefix)) = :prefix
                AND name > :after ORDER BY name LIMIT :limit
                """, arguments: ["name": name, "prefix": prefix, "after": after, "limit": limit ?? -1]
        ).map(DomainRecord.init)
    }
}

extension DomainRecord {
    init(_ row: Row) throws {
        let (name, content): (String, String) = (row["name"], row["content"])
        do {
            var members = try JSONValue(parsing: content).object ?? [:]
            members["domainName"] = .string(name)
            self.init(
                domain: try CustomDomain(creating: members), created: Timestamp(milliseconds: row["created"]),
                modified: Timestamp(milliseconds: row["modified"]))
        } catch { throw StoredValueError(description: "the stored domain '\(name)' cannot be read: \(error)") }
    }
}
