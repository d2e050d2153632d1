// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Logging
import OCI
public import Registry
import Sandbox
import Store

/// An image of a registry with its documents checked, before any layer is looked at.
private struct RegistryImage: Sendable {
    var session: RegistrySession
    var manifest: RegistryDocument
    /// Digests of the indexes that led to the manifest.
    var indexes: [Digest]
    var config: [UInt8]
    var configDigest: Digest
    /// Lowest first, each as often as the image has it.
    var layers: [(descriptor: Descriptor, diffID: Digest)]
}

extension ImageLibrary {
    /// Layers of one pull that come at once, as many as there are connections to a server: while one is made durable, which is the disk's work, others keep
    /// the processors busy. With the pipe of each and what its connection holds, that bounds the memory of a pull.
    private static let parallelLayers = 4

    /// Pulls an image from its registry. Layers that are here already are not asked for.
    ///
    /// The order makes a stop at any point harmless, as for an archive: a layer is put in place whole by the unpacker, a kept blob has no name
    /// before it is on disk, and only then is the image recorded, in one transaction. What is recorded is the manifest's digest: a tag that
    /// moves later changes nothing here.
    ///
    /// - Parameters:
    ///   - reference: a reference with a digest gets no name: it is found by that digest.
    ///   - access: forgotten with this call.
    ///   - keepBlobs: whether the layers' blobs are kept as they came, so that the image can be exported.
    /// - Throws: ``ServiceError``: what ``RegistryError/serviceError`` says, 400 `InvalidImage`, 507 `InsufficientStorage`; `CancellationError`.
    @discardableResult
    public func pull(
        _ reference: String, access: RegistryAccess = RegistryAccess(), keepBlobs: Bool = false,
        progress: @escaping @Sendable (LoadEvent) async -> Void = { _ in }
    ) async throws -> Image {
        do {
            let name = try ImageReference(reference)
            guard let registries else {
                throw ServiceError.invalidArgument("image '\(name)' cannot be pulled: this host asks no registries")
            }
            let image = try await find(try await registries.session(name, access: access))
            let diffIDs = Array(Set(image.layers.map(\.diffID)))
            await shelf.hold(diffIDs)
            let result = await Result { try await take(image, name: name, keepBlobs: keepBlobs, progress) }
            await shelf.release(diffIDs)
            return try result.get()
        } catch let error as RegistryError {
            throw error.serviceError
        } catch { throw ServiceError.image(error, while: "pulling image '\(reference)'") }
    }

    private func take(
        _ image: RegistryImage, name: ImageReference, keepBlobs: Bool, _ progress: @escaping @Sendable (LoadEvent) async -> Void
    ) async throws -> Image {
        let (records, kept) = try await place(image, keepBlobs: keepBlobs, progress)
        let names = name.digest == nil ? [name.description] : []
        let record = ImageRecord(
            manifestDigest: image.manifest.digest, configDigest: image.configDigest, created: now(), references: names,
            layers: image.layers.compactMap { records[$0.diffID] }, indexes: image.indexes,
            blobs: kept.map { KeptBlob(digest: $0.descriptor.digest, size: UInt64(max(0, $0.descriptor.size))) })
        let recorded = await Result {
            try await store.record(record) { [blobs] in
                for blob in kept {
                    // One that was here may have gone with the last image that had it.
                    if let incoming = blob.incoming { try incoming.publish() } else { try blobs.mustHave(blob.descriptor.digest) }
                }
                try blobs.write(image.manifest.bytes, digest: image.manifest.digest)
                try blobs.write(image.config, digest: image.configDigest)
            }
        }
        // What is recorded counts before what was held for it is given back.
        await shelf.countAgain()
        withExtendedLifetime(kept) {}
        try recorded.get()
        logger.info("image pulled", metadata: ["image": "\(name)", "digest": "\(image.manifest.digest)"])
        return self.image(record, reference: names.first ?? "\(record.manifestDigest)", shared: sharedLayers(try await store.images()))
    }

    /// Documents and signatures: everything that can refuse an image before a layer of it is asked for.
    private func find(_ session: RegistrySession) async throws -> RegistryImage {
        let documents = ImageDocuments(limits)
        var found = try await session.resolve(limit: limits.documents.manifestBytes)
        var indexes: [Digest] = []
        while case .index(let index) = found.document {
            guard indexes.count < 3 else { throw ServiceError.invalidImage("the image has indexes in indexes, more than 3 deep") }
            indexes.append(found.digest)
            let descriptor = try documents.forThisMachine(index.manifests)
            found = try await session.manifest(descriptor, limit: limits.documents.manifestBytes)
        }
        guard case .manifest(let manifest) = found.document else { throw ServiceError.invalidImage("the image has no manifest") }
        if let complaint = try await session.checkSignatures(of: indexes + [found.digest]) {
            logger.warning("an image is not signed as it should be", metadata: ["image": "\(session.reference)", "reason": "\(complaint)"])
        }
        try documents.check(manifest, digest: found.digest)
        let config = try await session.document(manifest.config, limit: limits.documents.configBytes)
        let configuration = try documents.configuration(
            config, called: "configuration \(manifest.config.digest)", layers: manifest.layers.count)
        return RegistryImage(
            session: session, manifest: found, indexes: indexes, config: config, configDigest: manifest.config.digest,
            layers: Array(zip(manifest.layers, configuration.rootfs.diffIDs)).map { (descriptor: $0.0, diffID: $0.1) })
    }

    /// Brings the layers, several at once.
    private func place(
        _ image: RegistryImage, keepBlobs: Bool, _ progress: @escaping @Sendable (LoadEvent) async -> Void
    ) async throws -> (records: [Digest: LayerRecord], kept: [(descriptor: Descriptor, incoming: IncomingBlob?)]) {
        var seen: Set<Digest> = []
        let layers = image.layers.filter { seen.insert($0.diffID).inserted }
        // In this order: a layer that is recorded between the two counts in none of them, and not in both.
        let used = try await store.imageBytes()
        let missing = try await store.missing(layers.map(\.diffID))
        let coming = layers.filter { keepBlobs || missing.contains($0.diffID) }.map { UInt64(max(0, $0.descriptor.size)) }.saturatingSum
        try space.check(used: used, coming: coming)
        await progress(.resolved(image.manifest.digest, layers: layers.count, bytes: coming))
        return try await withThrowingTaskGroup(of: (LayerRecord, Descriptor, IncomingBlob?).self) { group in
            var records: [Digest: LayerRecord] = [:]
            var kept: [(descriptor: Descriptor, incoming: IncomingBlob?)] = []
            var waiting = layers.enumerated().makeIterator()
            func add() {
                guard let (number, layer) = waiting.next() else { return }
                group.addTask { [self] in
                    try await bring(layer.descriptor, layer.diffID, image.session, keepBlobs: keepBlobs) { state, bytes in
                        await progress(.layer(layer.diffID, state, index: number + 1, of: layers.count, bytes: bytes))
                    }
                }
            }
            for _ in 0..<Self.parallelLayers { add() }
            while let (record, descriptor, incoming) = try await group.next() {
                records[record.diffID] = record
                if keepBlobs { kept.append((descriptor, incoming)) }
                try space.check(used: try await store.imageBytes(), coming: 0)
                add()
            }
            return (records, kept)
        }
    }

    private func bring(
        _ descriptor: Descriptor, _ diffID: Digest, _ session: RegistrySession, keepBlobs: Bool,
        _ tell: @escaping @Sendable (LayerProgress, UInt64) async -> Void
    ) async throws -> (LayerRecord, Descriptor, IncomingBlob?) {
        let isKept = keepBlobs ? try await blocking { [blobs] in try blobs.has(descriptor.digest) } : false
        let incoming: IncomingBlob? =
            keepBlobs && !isKept
            ? try await blocking { [blobs, room = shelf.room] in
                try blobs.newBlob(descriptor.digest, size: UInt64(max(0, descriptor.size)), room: room)
            } : nil
        let download = LayerDownload(
            session: session, descriptor: descriptor, diffID: diffID, space: space, patience: shelf.patience, kept: incoming,
            spool: { [self] in
                let name = uploadName()
                return try await blocking { [blobs] in try blobs.newSpoolFile(name: name) }
            }, report: { await tell(.downloading, $0) })
        let (unpacked, existed): (UnpackedLayer, Bool)
        do {
            (unpacked, existed) = try await shelf.obtain(diffID) {
                await tell(.unpacking, UInt64(max(0, descriptor.size)))
            } unpack: { unpacker in
                try await download.unpack(with: unpacker)
            }
        } catch let error as UnpackFailure { throw ServiceError.layer(diffID, error) }
        if existed, incoming?.isWhole == false { try await download.keepOnly() }
        await tell(existed ? .exists : .done, unpacked.bytes)
        return (LayerRecord(diffID: diffID, bytes: unpacked.bytes, entries: unpacked.entries), descriptor, incoming)
    }
}

extension Result where Failure == any Error {
    init(_ work: () async throws -> Success) async {
        do { self = .success(try await work()) } catch { self = .failure(error) }
    }
}
