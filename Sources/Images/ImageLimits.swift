// SPDX-License-Identifier: Apache-2.0
public import OCI

/// How much an archive may ask of this host. Limits of a layer's content are the unpacker's.
public struct ImageLimits: Hashable, Sendable {
    /// Bytes of an archive once its own gzip is taken off.
    public var archiveBytes: UInt64 = 64 << 30
    /// How many times larger an archive may get when its own gzip is taken off, beyond the first 64 MiB.
    public var archiveRatio: UInt64 = 200
    /// Members of an archive.
    public var archiveMembers = 100_000
    public var documents = DocumentLimits()

    public init() {}
}
