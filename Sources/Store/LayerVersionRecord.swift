// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
import GRDB

/// A layer version as it is stored. Nothing of it ever changes but whether it was deleted, and whether its layer is public.
public struct LayerVersionRecord: Hashable, Sendable {
    public var name: LayerVersionName
    public var content: LayerVersionContent
    public var created: Timestamp
    public var isDeleted: Bool
    public var isPublic: Bool
}

/// What a layer version is made with.
public struct LayerVersionContent: Hashable, Sendable {
    public var description: String
    public var license: String
    public var compatibleRuntime: [String]
    /// Where the zip lies in the object store.
    public var zip: ZipObject
    /// The SHA-256 of the zip.
    public var zipDigest: Digest
    /// What the zip unpacks to.
    public var tree: Digest
    /// Bytes of the zip.
    public var size: Int
    /// CRC-64 of the zip, as a decimal number.
    public var checksum: String

    public init(
        description: String, license: String, compatibleRuntime: [String], zip: ZipObject, zipDigest: Digest, tree: Digest, size: Int,
        checksum: String
    ) {
        self.description = description
        self.license = license
        self.compatibleRuntime = compatibleRuntime
        self.zip = zip
        self.zipDigest = zipDigest
        self.tree = tree
        self.size = size
        self.checksum = checksum
    }
}

/// The object that holds one zip, and belongs to one layer version only.
public struct ZipObject: Hashable, Sendable {
    public var bucket: String
    public var object: String

    public init(bucket: String, object: String) {
        self.bucket = bucket
        self.object = object
    }
}

extension LayerVersionRecord {
    init(_ row: Row) throws {
        name = LayerVersionName(layer: row["layer"], number: row["number"])
        content = LayerVersionContent(
            description: row["description"], license: row["license"],
            compatibleRuntime: try JSONValue(parsing: row["compatibleRuntime"] as String).array?.compactMap(\.string) ?? [],
            zip: ZipObject(bucket: row["bucket"], object: row["object"]), zipDigest: try digest(row["zipDigest"]),
            tree: try digest(row["tree"]), size: row["size"], checksum: row["checksum"])
        created = Timestamp(milliseconds: row["created"])
        isDeleted = row["isDeleted"]
        isPublic = row["isPublic"]
    }
}
