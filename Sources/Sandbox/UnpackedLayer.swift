// SPDX-License-Identifier: Apache-2.0

/// How a layer's blob is written: a tar as it is or compressed, or a zip, whose files are laid under `/opt`.
public enum LayerCompression: UInt8, Hashable, Sendable, CaseIterable {
    case none, gzip, zstd, zip

    /// Whether the tar comes out of it in one go from beginning to end.
    public var isStream: Bool { self == .gzip || self == .zstd }
}

/// What unpacking one layer made.
public struct UnpackedLayer: Hashable, Sendable {
    public var entries: UInt64
    /// Bytes of regular files.
    public var bytes: UInt64

    public init(entries: UInt64, bytes: UInt64) {
        self.entries = entries
        self.bytes = bytes
    }
}

/// Why a layer was refused: a sentence that names the entry and the limit or rule.
public struct UnpackFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public var reason: String
    /// Whether it is not the layer that is wrong: the quota or the disk has no room for it.
    public var lacksRoom: Bool

    public init(reason: String, lacksRoom: Bool = false) {
        self.reason = reason
        self.lacksRoom = lacksRoom
    }

    public var description: String { reason }
}
