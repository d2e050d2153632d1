// SPDX-License-Identifier: Apache-2.0
public import FunctionModel

/// Points at a blob: what it is, its digest and its size. Source: OCI image specification 1.1, descriptor.md.
public struct Descriptor: Codable, Hashable, Sendable {
    public var mediaType: String
    public var digest: Digest
    /// Bytes.
    public var size: Int64
    public var platform: Platform?
    public var annotations: [String: String]?

    public init(mediaType: String, digest: Digest, size: Int64, platform: Platform? = nil, annotations: [String: String]? = nil) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.platform = platform
        self.annotations = annotations
    }
}

/// What machine an image runs on. Source: OCI image specification 1.1, image-index.md.
public struct Platform: Codable, Hashable, Sendable, CustomStringConvertible {
    public var architecture: String
    public var os: String
    public var variant: String?

    public init(architecture: String, os: String, variant: String? = nil) {
        self.architecture = architecture
        self.os = os
        self.variant = variant
    }

    /// The platform this program was built for.
    public static var current: Platform {
        #if arch(arm64)
            Platform(architecture: "arm64", os: "linux")
        #else
            Platform(architecture: "amd64", os: "linux")
        #endif
    }

    /// Whether an image of this platform runs here. A variant is taken as it comes: amd64 variants are about speed.
    public var runsHere: Bool { architecture == Platform.current.architecture && os == Platform.current.os }

    public var description: String { "\(os)/\(architecture)" + (variant.map { "/\($0)" } ?? "") }
}

/// The media types that Swiftlet knows. Sources: OCI image specification 1.1, media-types.md; Docker image manifest version 2, schema 2.
public enum MediaType {
    public static let manifest = "application/vnd.oci.image.manifest.v1+json"
    public static let index = "application/vnd.oci.image.index.v1+json"
    public static let config = "application/vnd.oci.image.config.v1+json"
    public static let layer = "application/vnd.oci.image.layer.v1.tar"
    public static let gzipLayer = "application/vnd.oci.image.layer.v1.tar+gzip"
    public static let dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
    public static let dockerList = "application/vnd.docker.distribution.manifest.list.v2+json"
    public static let dockerConfig = "application/vnd.docker.container.image.v1+json"

    public static func isManifest(_ type: String) -> Bool { type == manifest || type == dockerManifest }
    public static func isIndex(_ type: String) -> Bool { type == index || type == dockerList }
    public static func isConfig(_ type: String) -> Bool { type == config || type == dockerConfig }

    /// Whether a layer of this type is a tar, plain or compressed with gzip or zstd. An encrypted or a foreign format is neither.
    public static func isLayer(_ type: String) -> Bool {
        let plain = type.hasSuffix("+gzip") || type.hasSuffix("+zstd") ? String(type.dropLast(5)) : type
        return [
            layer, "application/vnd.oci.image.layer.nondistributable.v1.tar", "application/vnd.docker.image.rootfs.diff.tar.gzip",
            "application/vnd.docker.image.rootfs.diff.tar", "application/vnd.docker.image.rootfs.diff.tar.zstd",
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        ].contains(plain)
    }
}
