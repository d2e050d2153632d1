// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
import GRDB

extension Store {
    /// Records that an object is about to be written for a zip.
    public func announce(_ zip: ZipObject) async throws {
        try await database.write {
            try $0.execute(sql: "INSERT INTO layerZip (bucket, object) VALUES (?, ?)", arguments: [zip.bucket, zip.object])
        }
    }

    /// Adds a version under the next number of its layer, which is made where it is missing. The zip must have been announced.
    ///
    /// - Parameter limit: of versions that are not deleted.
    /// - Returns: nil where the layer has so many versions.
    public func addLayerVersion(
        of layer: String, _ content: LayerVersionContent, limit: Int, at time: Timestamp
    ) async throws -> LayerVersionRecord? {
        try await database.write { database in
            let count = "SELECT count(*) FROM layerVersion WHERE layer = ? AND NOT isDeleted"
            guard try Int.fetchOne(database, sql: count, arguments: [layer]) ?? 0 < limit else { return nil }
            try database.execute(
                sql: """
                    INSERT INTO functionLayer (name, lastVersion, isPublic) VALUES (?, 1, 0)
                    ON CONFLICT DO UPDATE SET lastVersion = lastVersion + 1
                    """, arguments: [layer])
            try database.execute(
                sql: """
                    INSERT INTO layerVersion
                    SELECT name, lastVersion, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0 FROM functionLayer WHERE name = ?
                    """,
                arguments: [
                    content.description, content.license, JSONValue.array(content.compatibleRuntime.map { .string($0) }).text,
                    content.zip.bucket, content.zip.object, content.zipDigest.description, content.tree.description, content.size,
                    content.checksum, time.milliseconds, layer,
                ])
            return try Self.layerVersions(database, "layer = ? ORDER BY number DESC LIMIT 1", [layer]).first
        }
    }

    /// A version, also one that was deleted and that a function still has.
    public func layerVersion(_ name: LayerVersionName) async throws -> LayerVersionRecord? {
        try await database.read { database in
            try Self.layerVersions(database, "layer = ? AND number = ?", [name.layer, name.number]).first
        }
    }

    /// The versions of a layer that are not deleted, oldest first.
    public func layerVersions(of layer: String, from number: Int = 1, limit: Int) async throws -> [LayerVersionRecord] {
        try await database.read { database in
            try Self.layerVersions(
                database, "layer = ? AND number >= ? AND NOT isDeleted ORDER BY number LIMIT ?", [layer, number, limit])
        }
    }

    /// Of each layer the newest version that is not deleted, in the order of their names.
    ///
    /// - Parameter isPublic: nil for both.
    public func newestLayerVersions(prefix: String, after: String, isPublic: Bool?, limit: Int) async throws -> [LayerVersionRecord] {
        try await database.read { database in
            try Self.layerVersions(
                database,
                """
                NOT isDeleted AND number = (SELECT max(number) FROM layerVersion AS other WHERE other.layer = layerVersion.layer AND NOT isDeleted)
                AND layer > ?1 AND substr(layer, 1, length(?2)) = ?2 AND (?3 IS NULL OR isPublic = ?3) ORDER BY layer LIMIT ?4
                """, [after, prefix, isPublic, limit])
        }
    }

    /// - Returns: whether the layer has a version that is not deleted.
    public func setLayer(_ layer: String, isPublic: Bool) async throws -> Bool {
        try await database.write { database in
            try database.execute(
                sql: """
                    UPDATE functionLayer SET isPublic = ?2
                    WHERE name = ?1 AND EXISTS (SELECT 1 FROM layerVersion WHERE layer = ?1 AND NOT isDeleted)
                    """, arguments: [layer, isPublic])
            return database.changesCount > 0
        }
    }

    /// - Returns: whether there was such a version that was not deleted yet.
    public func deleteLayerVersion(_ name: LayerVersionName) async throws -> Bool {
        try await database.write { database in
            try database.execute(
                sql: "UPDATE layerVersion SET isDeleted = 1 WHERE layer = ? AND number = ? AND NOT isDeleted",
                arguments: [name.layer, name.number])
            return database.changesCount > 0
        }
    }

    /// Forgets the deleted versions that no function and no version of one has.
    ///
    /// - Parameter arnPrefix: what goes before a layer's name in the resource names by which functions call their layers.
    /// - Returns: how many.
    public func forgetUnusedLayerVersions(arnPrefix: String) async throws -> Int {
        let uses = ["function", "functionVersion"].map {
            """
            EXISTS (SELECT 1 FROM \($0), json_each(\($0).configuration, '$.layers')
            WHERE json_extract(json_each.value, '$.arn') = ? || layerVersion.layer || '/versions/' || layerVersion.number)
            """
        }
        let sql = "DELETE FROM layerVersion WHERE isDeleted AND NOT \(uses[0]) AND NOT \(uses[1])"
        // Most of the time there is none, and nothing is to be looked through.
        let isNeeded = try await database.read { try Bool.fetchOne($0, sql: "SELECT EXISTS (SELECT 1 FROM layerVersion WHERE isDeleted)") }
        guard isNeeded == true else { return 0 }
        return try await database.write { database in
            try database.execute(sql: sql, arguments: [arnPrefix, arnPrefix])
            return database.changesCount
        }
    }

    /// The zips that no version has: what is left of deleted versions, and of those that came to nothing.
    public func unusedZips() async throws -> [ZipObject] {
        try await database.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM layerZip WHERE NOT EXISTS (SELECT 1 FROM layerVersion WHERE layerVersion.bucket = layerZip.bucket
                    AND layerVersion.object = layerZip.object)
                    """
            ).map { ZipObject(bucket: $0["bucket"], object: $0["object"]) }
        }
    }

    /// Forgets a zip whose object is gone.
    public func forget(_ zip: ZipObject) async throws {
        try await database.write {
            try $0.execute(sql: "DELETE FROM layerZip WHERE bucket = ? AND object = ?", arguments: [zip.bucket, zip.object])
        }
    }

    private static func layerVersions(
        _ database: Database, _ condition: String, _ arguments: StatementArguments
    ) throws -> [LayerVersionRecord] {
        try Row.fetchAll(
            database,
            sql: "SELECT layerVersion.*, isPublic FROM layerVersion JOIN functionLayer ON name = layer WHERE \(condition)",
            arguments: arguments
        ).map(LayerVersionRecord.init)
    }
}
