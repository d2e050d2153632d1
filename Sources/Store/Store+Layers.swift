// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
import GRDB

extension Store {
    public func layers() async throws -> [LayerRecord] {
        try await database.read { try Row.fetchAll($0, sql: "SELECT * FROM layers").map(LayerRecord.init) }
    }

    /// Records that a layer is in place.
    public func record(_ layer: LayerRecord) async throws {
        try await database.write {
            try $0.execute(
                sql: "INSERT INTO layers (diff_id, bytes, entries) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET bytes = ?2, entries = ?3",
                arguments: ["\(layer.diffID)", Int64(clamping: layer.bytes), Int64(clamping: layer.entries)])
        }
    }

    private static let isUnused = """
        NOT EXISTS (SELECT 1 FROM image_layers WHERE image_layers.diff_id = layers.diff_id)
        AND NOT EXISTS (SELECT 1 FROM layerVersion WHERE layerVersion.tree = layers.diff_id)
        """

    /// Those of the layers that are not in place.
    public func missing(_ layers: [Digest]) async throws -> Set<Digest> {
        try await database.read { database in
            try Set(
                layers.filter {
                    try Bool.fetchOne(database, sql: "SELECT EXISTS (SELECT 1 FROM layers WHERE diff_id = ?)", arguments: ["\($0)"]) != true
                })
        }
    }

    /// The layers that no image and no layer version has.
    public func unusedLayers() async throws -> [Digest] {
        try await database.read { try String.fetchAll($0, sql: "SELECT diff_id FROM layers WHERE \(Self.isUnused)").map(digest) }
    }

    /// Takes a layer's record away unless an image or a layer version has it.
    ///
    /// - Returns: whether there was such a record and it is gone now.
    public func removeUnusedLayer(_ diffID: Digest) async throws -> Bool {
        try await database.write { database in
            try database.execute(sql: "DELETE FROM layers WHERE diff_id = ? AND \(Self.isUnused)", arguments: ["\(diffID)"])
            return database.changesCount > 0
        }
    }
}
