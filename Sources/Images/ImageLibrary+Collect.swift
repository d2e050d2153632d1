// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
import OCI
import Store

/// What a garbage collection took away, or would.
public struct CollectedImages: Hashable, Sendable {
    /// Each image, under all its names.
    public var images: [Image]
    /// Layers that no image has any more.
    public var layers: [Digest]
    /// Bytes of the layers' files, and of kept blobs.
    public var bytes: UInt64
}

extension ImageLibrary {
    /// Removes images that nobody needs, and what was only theirs.
    ///
    /// - Parameters:
    ///   - all: also images that have a name; without it only those that have lost theirs to a newer image.
    ///   - used: manifests that functions, versions and instances need. A layer that a running load or pull holds stays as well.
    ///   - dryRun: only tells.
    public func collect(all: Bool, used: Set<Digest>, dryRun: Bool) async throws -> CollectedImages {
        do {
            let records = try await store.images()
            let doomed = records.filter { (all || $0.references.isEmpty) && !used.contains($0.manifestDigest) }
            let gone = Set(doomed.map(\.manifestDigest))
            let rest = records.filter { !gone.contains($0.manifestDigest) }
            let kept = Set(rest.flatMap(\.layers).map(\.diffID))
            let held = await shelf.held
            let layers = try await store.layers().filter { !kept.contains($0.diffID) && !held.contains($0.diffID) }
            let keptBlobs = Set(rest.flatMap(\.blobs))
            let blobs = Set(doomed.flatMap(\.blobs)).subtracting(keptBlobs)
            let shared = sharedLayers(records)
            let collected = CollectedImages(
                images: doomed.flatMap { record in names(record).map { image(record, reference: $0, shared: shared) } }
                    .sorted { $0.reference < $1.reference },
                layers: layers.map(\.diffID).sorted { $0.hex < $1.hex },
                bytes: layers.reduce(0) { $0 + $1.bytes } + blobs.reduce(0) { $0 + $1.size })
            if dryRun { return collected }
            for record in doomed { try await store.removeImage(manifest: record.manifestDigest) }
            try await shelf.removeUnused()
            try await sweepBlobs()
            await shelf.countAgain()
            return collected
        } catch { throw ServiceError.image(error, while: "collecting images") }
    }

    /// Gives an image another name beside those it has.
    ///
    /// - Throws: ``ServiceError`` 404 `ImageNotFound`, 400 `InvalidArgument` for a name that is none.
    @discardableResult
    public func tag(_ reference: String, as name: String) async throws -> Image {
        do {
            let new = try ImageReference(name)
            guard new.digest == nil else {
                throw ServiceError.invalidArgument("'\(name)' has a digest; an image's digest cannot be chosen")
            }
            guard let (_, record) = try await find(reference), try await store.name(record.manifestDigest, new.description) else {
                throw ServiceError.imageNotFound(reference)
            }
            return image(record, reference: new.description, shared: sharedLayers(try await store.images()))
        } catch { throw ServiceError.image(error, while: "naming image '\(reference)'") }
    }
}
