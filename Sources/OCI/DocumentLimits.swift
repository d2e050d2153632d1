// SPDX-License-Identifier: Apache-2.0

/// How large a document of an image may be. Every one is read whole into memory (CVE-2023-25153), so each has a limit.
public struct DocumentLimits: Hashable, Sendable {
    /// Bytes of a manifest, index, `index.json`, `manifest.json` or `repositories`. Source: distribution specification 1.1, which asks for 4 MiB at least.
    public var manifestBytes: UInt64 = 4 << 20
    /// Bytes of an image configuration.
    public var configBytes: UInt64 = 8 << 20
    /// Layers of one image. Source: what Docker itself allows.
    public var layers = 127

    public init() {}
}
