// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
public import OCI

/// One image of the library under one of its names.
public struct Image: Hashable, Sendable {
    /// The familiar name, for example `hello:1`; the manifest's digest where the image has no name.
    public var reference: String
    /// The digest of the manifest. Two names may share it.
    public var manifestDigest: Digest
    /// When the image was recorded, in milliseconds of Unix time.
    public var created: Int64
    public var layers: [ImageLayer]

    public init(reference: String, manifestDigest: Digest, created: Int64, layers: [ImageLayer]) {
        self.reference = reference
        self.manifestDigest = manifestDigest
        self.created = created
        self.layers = layers
    }

    /// Bytes of the regular files of all layers. A layer that lies twice in an image is counted once.
    public var size: UInt64 { distinct.reduce(0) { $0 + $1.bytes } }
    /// The part of ``size`` in layers that other images have too.
    public var sharedSize: UInt64 { distinct.reduce(0) { $0 + ($1.shared ? $1.bytes : 0) } }
    /// The part of ``size`` that would be free were this image removed.
    public var uniqueSize: UInt64 { size - sharedSize }

    private var distinct: [ImageLayer] {
        var seen: Set<Digest> = []
        return layers.filter { seen.insert($0.diffID).inserted }
    }
}

/// One layer of an image, lowest first in ``Image/layers``.
public struct ImageLayer: Hashable, Sendable {
    public var diffID: Digest
    /// Bytes of its regular files.
    public var bytes: UInt64
    public var entries: UInt64
    /// Whether another image has it too.
    public var shared: Bool

    public init(diffID: Digest, bytes: UInt64, entries: UInt64, shared: Bool) {
        self.diffID = diffID
        self.bytes = bytes
        self.entries = entries
        self.shared = shared
    }
}

/// All that is known about one image.
public struct ImageDetails: Sendable {
    public var image: Image
    /// Every name that leads to this manifest.
    public var references: [String]
    public var configDigest: Digest
    /// The OCI configuration, byte for byte as the archive had it: JSON.
    public var configJSON: [UInt8]
    /// Bytes of the layers' blobs that are kept for an export; 0 where they are not.
    public var keptBytes: UInt64

    public init(image: Image, references: [String], configDigest: Digest, configJSON: [UInt8], keptBytes: UInt64 = 0) {
        self.image = image
        self.references = references
        self.configDigest = configDigest
        self.configJSON = configJSON
        self.keptBytes = keptBytes
    }
}

/// What a function version freezes of its image.
public struct ResolvedImage: Hashable, Sendable {
    /// The familiar name that was resolved.
    public var reference: String
    public var manifestDigest: Digest
    public var configuration: ImageConfiguration
    /// Lowest first.
    public var diffIDs: [Digest]

    public init(reference: String, manifestDigest: Digest, configuration: ImageConfiguration, diffIDs: [Digest]) {
        self.reference = reference
        self.manifestDigest = manifestDigest
        self.configuration = configuration
        self.diffIDs = diffIDs
    }
}

/// How far a load is.
public enum LoadEvent: Hashable, Sendable {
    /// So many bytes of the archive have come, in all.
    case received(bytes: UInt64)
    /// The registry's answer to a reference: the manifest, and the bytes of those layers that are not here yet.
    case resolved(Digest, layers: Int, bytes: UInt64)
    /// A layer changed its state. `index` counts from 1; `bytes` is the size of its blob, while it comes what has come of it, or what it unpacked
    /// to once it is there.
    case layer(Digest, LayerProgress, index: Int, of: Int, bytes: UInt64)
}

public enum LayerProgress: String, Hashable, Sendable {
    case unpacking, downloading, done, exists
}
