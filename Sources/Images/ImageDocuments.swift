// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import OCI
import Sandbox

/// Reads manifests and configurations, whatever they came from, and holds them to the limits.
struct ImageDocuments: Sendable {
    let limits: DocumentLimits
    /// Bytes of one layer's blob.
    let blobBytes: UInt64

    init(_ limits: ImageLimits) {
        self.limits = limits.documents
        blobBytes = limits.archiveBytes
    }

    func document<Document: Decodable>(_: Document.Type, _ bytes: [UInt8], called name: String) throws -> Document {
        do { return try JSONDecoder().decode(Document.self, from: Data(bytes)) } catch let error as DecodingError {
            throw ServiceError.invalidImage("\(printable(name)) cannot be read: \(explain(error))")
        }
    }

    /// A configuration that this machine can run, with as many diff ids as there are layers.
    func configuration(_ bytes: [UInt8], called name: String, layers: Int) throws -> ImageConfiguration {
        let configuration = try document(ImageConfiguration.self, bytes, called: name)
        guard layers <= limits.layers else {
            throw ServiceError.invalidImage("the image has \(layers) layers, the limit is \(limits.layers)")
        }
        guard configuration.rootfs.diffIDs.count == layers else {
            throw ServiceError.invalidImage("\(printable(name)) has \(configuration.rootfs.diffIDs.count) diff ids for \(layers) layers")
        }
        let platform = Platform(architecture: configuration.architecture, os: configuration.os)
        guard platform.runsHere else {
            throw ServiceError.invalidImage("the image is for \(printable("\(platform)")) and this machine is \(Platform.current)")
        }
        return configuration
    }

    /// The entry of an index to take.
    func forThisMachine(_ descriptors: [Descriptor]) throws -> Descriptor {
        // BuildKit puts what it attests beside the image, for the platform unknown/unknown.
        let images = descriptors.filter { MediaType.isManifest($0.mediaType) || MediaType.isIndex($0.mediaType) }
        if let match = images.first(where: { $0.platform?.runsHere == true }) { return match }
        if let open = images.first(where: { $0.platform == nil }) { return open }
        let present = images.compactMap(\.platform?.description).map(printable).joined(separator: ", ")
        throw ServiceError.invalidImage("the image has nothing for \(Platform.current); it has: \(present.isEmpty ? "nothing" : present)")
    }

    /// What of a manifest is no container image, or promises what nobody can keep: the sizes are added up before a byte of a layer has come.
    func check(_ manifest: Manifest, digest: Digest) throws {
        guard MediaType.isConfig(manifest.config.mediaType) else {
            throw ServiceError.invalidImage(
                "\(digest) is not a container image: its configuration is a '\(printable(manifest.config.mediaType))'")
        }
        for layer in manifest.layers where !MediaType.isLayer(layer.mediaType) {
            throw ServiceError.invalidImage(
                "layer \(layer.digest) is a '\(printable(layer.mediaType))'; a tar, plain or compressed with gzip or zstd, is needed")
        }
        for layer in manifest.layers where UInt64(exactly: layer.size).map({ $0 > blobBytes }) ?? true {
            throw ServiceError.invalidImage(
                "layer \(layer.digest) has \(layer.size) bytes by its manifest, the limit is \(blobBytes) "
                    + "(swiftlet serve --image-limit archive=…)")
        }
    }

    private func explain(_ error: DecodingError) -> String {
        switch error {
        case .dataCorrupted(let context): context.debugDescription
        case .keyNotFound(let key, _): "it has no '\(key.stringValue)'"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            "'\(printable(context.codingPath.map(\.stringValue).joined(separator: ".")))' is not of the right type"
        @unknown default: "it is damaged"
        }
    }
}

extension LayerCompression {
    /// As the first four bytes of a blob say.
    init(head: some Collection<UInt8>) {
        if head.starts(with: [0x1f, 0x8b]) {
            self = .gzip
        } else {
            self = head.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) ? .zstd : .none
        }
    }
}
