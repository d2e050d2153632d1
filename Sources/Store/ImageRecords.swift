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
    /// Digests of indexes that led to the manifest: it is found by them too.
    public var indexes: [Digest]
    /// The layers' blobs as they came, where they were kept.
    public var blobs: [KeptBlob]

    public init(
        manifestDigest: Digest, configDigest: Digest, created: Int64, references: [String], layers: [LayerRecord], indexes: [Digest] = [],
        blobs: [KeptBlob] = []
    ) {
        self.manifestDigest = manifestDigest
        self.configDigest = configDigest
        self.created = created
        self.references = references
        self.layers = layers
        self.indexes = indexes
        self.blobs = blobs
    }
}

/// A blob of a layer that is kept beside what was unpacked of it.
public struct KeptBlob: Hashable, Sendable {
    public var digest: Digest
    /// Bytes.
    public var size: UInt64

    public init(digest: Digest, size: UInt64) {
        self.digest = digest
        self.size = size
    }
}

/// A digest that was written by us and cannot be read: the file was changed by somebody else.
func digest(_ text: String) throws -> Digest {
    guard let digest = Digest(text) else {
        throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "'\(text.prefix(80))' is not a digest")
    }
    return digest
}
