// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
import GRDB

/// A layer that is in place.
public struct LayerRecord: Hashable, Sendable {
    public var diffID: Digest
    /// Bytes of its regular files.
    public var bytes: UInt64
    public var entries: UInt64

    public init(diffID: Digest, bytes: UInt64, entries: UInt64) {
        self.diffID = diffID
        self.bytes = bytes
        self.entries = entries
    }

    init(_ row: Row) throws {
        diffID = try digest(row["diff_id"])
        bytes = UInt64(row["bytes"] as Int64)
        entries = UInt64(row["entries"] as Int64)
    }
}

/// An image with its names and layers.
public struct ImageRecord: Hashable, Sendable {
    public var manifestDigest: Digest
    public var configDigest: Digest
    /// Unix time in milliseconds.
    public var created: Int64
    /// Sorted.
    public var references: [String]
    /// Lowest first.
    public var layers: [LayerRecord]

    public init(manifestDigest: Digest, configDigest: Digest, created: Int64, references: [String], layers: [LayerRecord]) {
        self.manifestDigest = manifestDigest
        self.configDigest = configDigest
        self.created = created
        self.references = references
        self.layers = layers
    }
}

/// A digest that was written by us and cannot be read: the file was changed by somebody else.
func digest(_ text: String) throws -> Digest {
    guard let digest = Digest(text) else {
        throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "'\(text.prefix(80))' is not a digest")
    }
    return digest
}
