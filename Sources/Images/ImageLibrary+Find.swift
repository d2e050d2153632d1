// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import OCI
import Store

extension ImageLibrary {
    /// - Parameter reference: a name, the digest of a manifest, or a name with a digest behind `@`, in which case the digest decides.
    /// - Returns: nil where nothing has that name.
    /// - Throws: ``ServiceError`` 400 `InvalidArgument` for what is no reference.
    public func resolve(_ reference: String) async throws -> ResolvedImage? {
        do {
            guard let (name, record) = try await find(reference) else { return nil }
            let configuration = try JSONDecoder().decode(ImageConfiguration.self, from: Data(try await configuration(record)))
            return ResolvedImage(
                reference: name, manifestDigest: record.manifestDigest, configuration: configuration, diffIDs: record.layers.map(\.diffID))
        } catch { throw ServiceError.image(error, while: "resolving image '\(reference)'") }
    }

    /// - Returns: the record, and under which name it was found.
    func find(_ reference: String) async throws -> (name: String, record: ImageRecord)? {
        if let digest = Digest(reference) { return try await store.image(manifest: digest).map { ("\(digest)", $0) } }
        let parsed = try ImageReference(reference)
        if let digest = parsed.digest { return try await store.image(manifest: digest).map { ("\(digest)", $0) } }
        return try await store.image(reference: parsed.description).map { (parsed.description, $0) }
    }

    func configuration(_ record: ImageRecord) async throws -> [UInt8] {
        try await blocking { [blobs, limits] in try blobs.read(record.configDigest, limit: limits.documents.configBytes) }
    }

    /// An image without a name goes by its digest.
    func names(_ record: ImageRecord) -> [String] { record.references.isEmpty ? ["\(record.manifestDigest)"] : record.references }

    /// The layers that more than one image has.
    func sharedLayers(_ records: [ImageRecord]) -> Set<Digest> {
        var images: [Digest: Int] = [:]
        for record in records { for layer in Set(record.layers.map(\.diffID)) { images[layer, default: 0] += 1 } }
        return Set(images.filter { $0.value > 1 }.keys)
    }

    func image(_ record: ImageRecord, reference: String, shared: Set<Digest>) -> Image {
        Image(
            reference: reference, manifestDigest: record.manifestDigest, created: record.created,
            layers: record.layers.map {
                ImageLayer(diffID: $0.diffID, bytes: $0.bytes, entries: $0.entries, shared: shared.contains($0.diffID))
            })
    }
}
