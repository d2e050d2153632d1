// SPDX-License-Identifier: Apache-2.0

/// How much one layer may ask for. Each limit is enforced while the layer streams, before what would break it is made.
public struct UnpackLimits: Hashable, Sendable {
    /// Members of the tar, whiteouts included. A Node or Python application has 10 to 200 thousand.
    public var entries: UInt64 = 2_000_000
    /// Bytes of the plain tar, and bytes of all regular files by the size that they show; the holes of a sparse file count.
    public var bytes: UInt64 = 32 << 30
    /// How many times larger than its compressed bytes a layer may get, once it is past ``ratioFloor``. Text is at 3 to 10, zeros at 1000.
    public var ratio: UInt64 = 200
    /// Bytes of plain tar below which no ratio counts, since a few small files full of zeros are no attack.
    public var ratioFloor: UInt64 = 64 << 20
    /// Bytes of a path. Source: PATH_MAX of Linux, with its final zero.
    public var pathLength = 4095
    /// Folders above a file.
    public var depth = 256
    /// Bytes of all extended attributes of one file. Source: XATTR_SIZE_MAX of Linux for a single one.
    public var attributeBytes = 65536

    public init() {}

    /// Of the zip of a function's layer. Source of the bytes: Function Compute 3.0, quotas (2 GB for all layers of a function).
    public static var functionLayer: UnpackLimits {
        var limits = UnpackLimits()
        limits.bytes = 2_000_000_000
        limits.entries = 200_000
        return limits
    }
}

/// Why a layer was refused: a sentence that names the entry and the limit or rule.
public struct LayerRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    public var reason: String
    public init(_ reason: String) { self.reason = reason }
    public var description: String { reason }
}

/// What unpacking made.
public struct LayerContent: Hashable, Sendable {
    public var entries: UInt64 = 0
    /// Bytes of regular files, by the size that they show.
    public var bytes: UInt64 = 0

    public init() {}
}
