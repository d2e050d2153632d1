// SPDX-License-Identifier: Apache-2.0

/// The manifest of one image for one platform. Sources: OCI image specification 1.1, manifest.md; Docker image manifest version 2, schema 2.
public struct Manifest: Codable, Hashable, Sendable {
    public var schemaVersion = 2
    public var mediaType: String?
    public var config: Descriptor
    /// Lowest first.
    public var layers: [Descriptor]
    public var annotations: [String: String]?

    public init(mediaType: String, config: Descriptor, layers: [Descriptor]) {
        self.mediaType = mediaType
        self.config = config
        self.layers = layers
    }
}

/// A list of manifests, most often one for each platform. Sources: OCI image specification 1.1, image-index.md; Docker manifest list.
public struct ImageIndex: Codable, Hashable, Sendable {
    public var schemaVersion = 2
    public var mediaType: String?
    public var manifests: [Descriptor]
    public var annotations: [String: String]?

    public init(manifests: [Descriptor]) {
        mediaType = MediaType.index
        self.manifests = manifests
    }
}

/// A manifest or an index, told apart by what it says of itself and by its fields, which must agree.
///
/// CVE-2021-41190: a document with the fields of both means different images to different readers, and has one digest. It is refused.
public enum ManifestDocument: Decodable, Hashable, Sendable {
    case manifest(Manifest)
    case index(ImageIndex)

    private enum Field: String, CodingKey, CaseIterable {
        case schemaVersion, mediaType, config, layers, manifests, fsLayers
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Field.self)
        func refuse(_ reason: String) -> DecodingError {
            .dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: reason))
        }
        guard try fields.decode(Int.self, forKey: .schemaVersion) == 2, !fields.contains(.fsLayers) else {
            throw refuse("it is not of schema version 2, the only one that is read")
        }
        let type = try fields.decodeIfPresent(String.self, forKey: .mediaType)
        let isIndex = fields.contains(.manifests)
        let isManifest = fields.contains(.layers) || fields.contains(.config)
        guard isIndex != isManifest else {
            throw refuse(
                isIndex ? "it has the fields of a manifest and of an index (CVE-2021-41190)" : "it has neither 'layers' nor 'manifests'")
        }
        if let type, isIndex ? !MediaType.isIndex(type) : !MediaType.isManifest(type) {
            throw refuse("its media type '\(type.prefix(100))' and its fields say different things (CVE-2021-41190)")
        }
        self = isIndex ? .index(try ImageIndex(from: decoder)) : .manifest(try Manifest(from: decoder))
    }

    /// Whether the descriptor that led here promised this kind. A media type that is neither kind's promises nothing.
    public func agrees(with type: String) -> Bool {
        switch self {
        case .manifest: !MediaType.isIndex(type)
        case .index: !MediaType.isManifest(type)
        }
    }
}
