// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
import GRDB

extension Store {
    /// Every image, ordered by manifest digest.
    public func images() async throws -> [ImageRecord] { try await database.read { try Self.images($0, where: "1", []) } }

    public func image(reference: String) async throws -> ImageRecord? {
        let condition = "manifest_digest = (SELECT manifest_digest FROM image_references WHERE name = ?)"
        return try await database.read { try Self.images($0, where: condition, [reference]).first }
    }

    /// - Parameter manifest: the digest of a manifest, or of an index that led to it.
    public func image(manifest: Digest) async throws -> ImageRecord? {
        let condition = "manifest_digest = ?1 OR manifest_digest = (SELECT manifest_digest FROM image_indexes WHERE digest = ?1)"
        return try await database.read { try Self.images($0, where: condition, ["\(manifest)"]).first }
    }

    /// Records an image under its names. A name that led to another image leads here from now on; names it has already stay.
    ///
    /// - Parameter files: writes the image's blobs, and is run in the same turn of the one writer as ``sweepBlobs(_:removing:)``, before the commit.
    public func record(_ image: ImageRecord, writing files: @escaping @Sendable () throws -> Void) async throws {
        try await database.write { database in
            try files()
            try database.execute(
                sql: "INSERT OR IGNORE INTO images (manifest_digest, config_digest, created) VALUES (?, ?, ?)",
                arguments: ["\(image.manifestDigest)", "\(image.configDigest)", image.created])
            if database.changesCount > 0 {
                for (position, layer) in image.layers.enumerated() {
                    try database.execute(
                        sql: "INSERT INTO image_layers (manifest_digest, position, diff_id) VALUES (?, ?, ?)",
                        arguments: ["\(image.manifestDigest)", position, "\(layer.diffID)"])
                }
            }
            for index in image.indexes {
                try database.execute(
                    sql: "INSERT OR REPLACE INTO image_indexes (digest, manifest_digest) VALUES (?, ?)",
                    arguments: ["\(index)", "\(image.manifestDigest)"])
            }
            for blob in image.blobs {
                try database.execute(
                    sql: "INSERT OR IGNORE INTO image_blobs (manifest_digest, digest, size) VALUES (?, ?, ?)",
                    arguments: ["\(image.manifestDigest)", "\(blob.digest)", Int64(clamping: blob.size)])
            }
            for name in image.references {
                try database.execute(
                    sql: "INSERT OR REPLACE INTO image_references (name, manifest_digest) VALUES (?, ?)",
                    arguments: [name, "\(image.manifestDigest)"])
            }
        }
    }

    /// Gives an image another name. A name that led to another image leads here from now on.
    ///
    /// - Returns: false where there is no such image.
    public func name(_ manifest: Digest, _ reference: String) async throws -> Bool {
        try await database.write { database in
            let sql = "SELECT EXISTS (SELECT 1 FROM images WHERE manifest_digest = ?)"
            guard try Bool.fetchOne(database, sql: sql, arguments: ["\(manifest)"]) == true else { return false }
            try database.execute(
                sql: "INSERT OR REPLACE INTO image_references (name, manifest_digest) VALUES (?, ?)", arguments: [reference, "\(manifest)"])
            return true
        }
    }

    /// Bytes of all layers' files and all kept blobs, each once.
    public func imageBytes() async throws -> UInt64 {
        let sql = """
            SELECT (SELECT coalesce(sum(bytes), 0) FROM layers) + (SELECT coalesce(sum(size), 0) FROM (SELECT DISTINCT digest, size FROM image_blobs))
            """
        return try await database.read { UInt64(try Int64.fetchOne($0, sql: sql) ?? 0) }
    }

    /// Takes one name away, and the image with its last name.
    ///
    /// - Returns: false where nothing has the name.
    public func removeImage(reference: String) async throws -> Bool {
        try await database.write { database in
            let sql = "DELETE FROM image_references WHERE name = ? RETURNING manifest_digest"
            guard let manifest = try String.fetchOne(database, sql: sql, arguments: [reference]) else { return false }
            try database.execute(
                sql:
                    "DELETE FROM images WHERE manifest_digest = ?1 AND NOT EXISTS (SELECT 1 FROM image_references WHERE manifest_digest = ?1)",
                arguments: [manifest])
            return true
        }
    }

    /// Takes an image and all its names away.
    public func removeImage(manifest: Digest) async throws {
        try await database.write { try $0.execute(sql: "DELETE FROM images WHERE manifest_digest = ?", arguments: ["\(manifest)"]) }
    }

    /// Calls `removing` with each of the blobs that no image has. No image is recorded meanwhile.
    public func sweepBlobs(_ blobs: [Digest], removing: @escaping @Sendable (Digest) throws -> Void) async throws {
        try await database.write { database in
            for blob in blobs {
                let sql = """
                    SELECT EXISTS (SELECT 1 FROM images WHERE manifest_digest = ?1 OR config_digest = ?1)
                        OR EXISTS (SELECT 1 FROM image_blobs WHERE digest = ?1)
                    """
                if try Bool.fetchOne(database, sql: sql, arguments: ["\(blob)"]) != true { try removing(blob) }
            }
        }
    }

    private static func images(_ database: Database, where condition: String, _ arguments: StatementArguments) throws -> [ImageRecord] {
        try Row.fetchAll(database, sql: "SELECT * FROM images WHERE \(condition) ORDER BY manifest_digest", arguments: arguments).map {
            row in
            let manifest: String = row["manifest_digest"]
            let names = "SELECT name FROM image_references WHERE manifest_digest = ? ORDER BY name"
            let layers = "SELECT layers.* FROM image_layers JOIN layers USING (diff_id) WHERE manifest_digest = ? ORDER BY position"
            return ImageRecord(
                manifestDigest: try digest(manifest), configDigest: try digest(row["config_digest"]), created: row["created"],
                references: try String.fetchAll(database, sql: names, arguments: [manifest]),
                layers: try Row.fetchAll(database, sql: layers, arguments: [manifest]).map(LayerRecord.init),
                indexes: try String.fetchAll(
                    database, sql: "SELECT digest FROM image_indexes WHERE manifest_digest = ? ORDER BY digest", arguments: [manifest]
                ).map(digest),
                blobs: try Row.fetchAll(
                    database, sql: "SELECT digest, size FROM image_blobs WHERE manifest_digest = ? ORDER BY digest", arguments: [manifest]
                ).map { KeptBlob(digest: try digest($0["digest"]), size: UInt64($0["size"] as Int64)) })
        }
    }
}
