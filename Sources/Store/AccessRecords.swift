// SPDX-License-Identifier: Apache-2.0
import Foundation
public import FunctionModel
import GRDB

/// An access key as it is stored.
public struct AccessKeyRecord: Hashable, Sendable {
    public var id: String
    /// Sealed.
    public var secret: [UInt8]
    public var description: String
    /// The policy as JSON.
    public var policy: [String: JSONValue]
    public var created: Timestamp

    public init(id: String, secret: [UInt8], description: String, policy: [String: JSONValue], created: Timestamp) {
        self.id = id
        self.secret = secret
        self.description = description
        self.policy = policy
        self.created = created
    }
}

/// What a function may do in the host's name.
public struct AccessRoleRecord: Hashable, Sendable {
    public var name: String
    /// The policy as JSON.
    public var policy: [String: JSONValue]
    public var created: Timestamp

    public init(name: String, policy: [String: JSONValue], created: Timestamp) {
        self.name = name
        self.policy = policy
        self.created = created
    }
}

extension Store {
    /// Oldest first.
    public func accessKeys() async throws -> [AccessKeyRecord] {
        try await database.read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM accessKey ORDER BY created, id").map { row in
                AccessKeyRecord(
                    id: row["id"], secret: Array(row["secret"] as Data), description: row["description"],
                    policy: try JSONValue(parsing: row["policy"] as String).object ?? [:], created: Timestamp(milliseconds: row["created"]))
            }
        }
    }

    public func add(_ key: AccessKeyRecord) async throws {
        try await database.write {
            try $0.execute(
                sql: "INSERT INTO accessKey VALUES (?, ?, ?, ?, ?)",
                arguments: [key.id, Data(key.secret), key.description, JSONValue.object(key.policy).text, key.created.milliseconds])
        }
    }

    /// - Returns: whether there was such a key.
    public func removeAccessKey(_ id: String) async throws -> Bool {
        try await database.write { database in
            try database.execute(sql: "DELETE FROM accessKey WHERE id = ?", arguments: [id])
            return database.changesCount > 0
        }
    }

    /// By name.
    public func accessRoles() async throws -> [AccessRoleRecord] {
        try await database.read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM accessRole ORDER BY name").map { row in
                AccessRoleRecord(
                    name: row["name"], policy: try JSONValue(parsing: row["policy"] as String).object ?? [:],
                    created: Timestamp(milliseconds: row["created"]))
            }
        }
    }

    /// Makes a role, or gives it another policy.
    public func put(_ role: AccessRoleRecord) async throws {
        try await database.write {
            try $0.execute(
                sql: "INSERT INTO accessRole VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET policy = ?2",
                arguments: [role.name, JSONValue.object(role.policy).text, role.created.milliseconds])
        }
    }

    /// - Returns: whether there was such a role.
    public func removeAccessRole(_ name: String) async throws -> Bool {
        try await database.write { database in
            try database.execute(sql: "DELETE FROM accessRole WHERE name = ?", arguments: [name])
            return database.changesCount > 0
        }
    }
}
