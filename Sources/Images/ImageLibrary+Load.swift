// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import LauncherClient
import Logging
public import NIOCore
import Sandbox
import Store

extension ImageLibrary {
    /// Loads every image of an archive: a tar of an OCI layout or what `docker save` writes, as it is or compressed with gzip.
    ///
    /// The order makes a stop at any point harmless: the archive lies in a file without a name, each layer is put in place whole by the
    /// unpacker, and only then is the image recorded, in one transaction.
    ///
    /// - Parameters:
    ///   - chunks: the bytes of the archive.
    ///   - name: the reference to give the image, or to choose one where the archive has several; nil takes the archive's own names.
    ///   - keepBlobs: whether the layers' blobs are kept as they came, so that the images can be exported.
    /// - Returns: an element for each name that now leads to an image of the archive.
    /// - Throws: ``ServiceError`` 400 `InvalidImage` for an archive that is wrong or too large, 507 `InsufficientStorage` for a full disk.
    public func load<Chunks: AsyncSequence & Sendable>(
        chunks: Chunks, name: String?, keepBlobs: Bool = false, progress: @escaping @Sendable (LoadEvent) async -> Void
    ) async throws -> [Image] where Chunks.Element == ByteBuffer {
        do {
            // What is kept must lie in the file to be copied out of it.
            var intake = try await ArchiveIntake(self, name: name, isStored: keepBlobs, progress: progress)
            let loaded = await Result { try await load(&intake, chunks, name: name, keepBlobs: keepBlobs, progress) }
            await intake.close()
            let references = try loaded.get()
            return try await list().filter { references.contains($0.reference) }
        } catch { throw ServiceError.image(error, while: "loading the image") }
    }

    /// - Returns: the names that lead to the images.
    private func load<Chunks: AsyncSequence & Sendable>(
        _ intake: inout ArchiveIntake, _ chunks: Chunks, name: String?, keepBlobs: Bool,
        _ progress: @escaping @Sendable (LoadEvent) async -> Void
    ) async throws -> Set<String> where Chunks.Element == ByteBuffer {
        let (file, length) = try await intake.receive(chunks)
        let plan = try await blocking { [limits] in try ArchiveReader(file, length: length, limits: limits).plan(name: name) }
        let layers = plan.layers
        // In this order: a layer that is recorded between the two counts in none of them, and not in both.
        let used = try await store.imageBytes()
        let missing = try await store.missing(layers.map(\.diffID))
        let coming = layers.filter { keepBlobs || missing.contains($0.diffID) }.map(\.size).saturatingSum
        try space.check(used: used, coming: coming)
        let kept = keepBlobs ? try await keep(layers, from: file) : [:]
        await shelf.hold(layers.map(\.diffID))
        let early = intake.layers
        let result = await Result {
            let records = try await place(layers, early: early, from: file, progress)
            try await record(plan, layers: records, kept: kept)
        }
        // What is recorded counts before what was held for it is given back.
        await shelf.countAgain()
        withExtendedLifetime(kept) {}
        await shelf.release(layers.map(\.diffID))
        try result.get()
        return Set(plan.images.flatMap(\.references))
    }

    private func place(
        _ layers: [PlannedLayer], early: [ComingLayer], from file: SpoolFile, _ progress: @escaping @Sendable (LoadEvent) async -> Void
    ) async throws -> [Digest: LayerRecord] {
        var records: [Digest: LayerRecord] = [:]
        for (number, layer) in layers.enumerated() {
            if let coming = early.first(where: { $0.layer.diffID == layer.diffID }) {
                // The archive may have come to say more of it than it did before the layer.
                if let promised = layer.blobDigest, let found = coming.digest, found != promised {
                    throw ServiceError.invalidImage("blob \(promised) has in truth the digest \(found)")
                }
                let unpacked = try await coming.outcome()
                records[layer.diffID] = LayerRecord(diffID: layer.diffID, bytes: unpacked.bytes, entries: unpacked.entries)
                try space.check(used: try await store.imageBytes(), coming: 0)
                await progress(.layer(layer.diffID, .done, index: number + 1, of: layers.count, bytes: unpacked.bytes))
                continue
            }
            // The blob as it was sent and the plain tar have digests of their own; both are checked, at the same time.
            async let checked: Void = blocking {
                guard let promised = layer.blobDigest else { return }
                let found = try file.digest(at: layer.offset, count: layer.size)
                guard found == promised else { throw ServiceError.invalidImage("blob \(promised) has in truth the digest \(found)") }
            }
            let (unpacked, existed): (UnpackedLayer, Bool)
            do {
                (unpacked, existed) = try await shelf.obtain(layer.diffID) {
                    await progress(.layer(layer.diffID, .unpacking, index: number + 1, of: layers.count, bytes: layer.size))
                } unpack: { unpacker in
                    // The file is held until the end: the launcher cannot be stopped half way.
                    defer { withExtendedLifetime(file) {} }
                    return try await unpacker.unpack(
                        layer.diffID, from: file.descriptor, offset: layer.offset, length: layer.size, compression: layer.compression)
                }
            } catch let error as UnpackFailure { throw ServiceError.layer(layer.diffID, error) }
            try await checked
            records[layer.diffID] = LayerRecord(diffID: layer.diffID, bytes: unpacked.bytes, entries: unpacked.entries)
            try space.check(used: try await store.imageBytes(), coming: 0)
            await progress(.layer(layer.diffID, existed ? .exists : .done, index: number + 1, of: layers.count, bytes: unpacked.bytes))
        }
        return records
    }

    /// Copies the layers' blobs out of the archive.
    ///
    /// - Returns: them by diff id, each with its size.
    private func keep(_ layers: [PlannedLayer], from file: SpoolFile) async throws -> [Digest: (blob: KeptBlob, incoming: IncomingBlob)] {
        var kept: [Digest: (blob: KeptBlob, incoming: IncomingBlob)] = [:]
        for layer in layers {
            // A Docker archive gives its blobs no digest. A plain one has that of its tar; a compressed one is known to no manifest.
            guard let digest = layer.blobDigest ?? (layer.compression == .none ? layer.diffID : nil) else {
                throw ServiceError.invalidImage("the blobs of this archive cannot be kept: it is a docker-archive with compressed layers")
            }
            kept[layer.diffID] = try await blocking { [blobs, room = shelf.room] in
                let incoming = try blobs.newBlob(digest, size: layer.size, room: room)
                try file.copy(at: layer.offset, count: layer.size) { try incoming.append($0) }
                try incoming.finish()
                return (KeptBlob(digest: digest, size: layer.size), incoming)
            }
        }
        return kept
    }

    private func record(
        _ plan: ArchivePlan, layers: [Digest: LayerRecord], kept: [Digest: (blob: KeptBlob, incoming: IncomingBlob)]
    ) async throws {
        let created = now()
        for image in plan.images {
            let record = ImageRecord(
                manifestDigest: image.manifestDigest, configDigest: image.configDigest, created: created, references: image.references,
                layers: image.layers.compactMap { layers[$0.diffID] }, blobs: image.layers.compactMap { kept[$0.diffID]?.blob })
            let incoming = image.layers.compactMap { kept[$0.diffID]?.incoming }
            try await store.record(record) { [blobs] in
                for blob in incoming { try blob.publish() }
                try blobs.write(image.manifest, digest: image.manifestDigest)
                try blobs.write(image.config, digest: image.configDigest)
            }
            logger.info(
                "image loaded", metadata: ["image": "\(image.references.joined(separator: " "))", "digest": "\(image.manifestDigest)"])
        }
    }
}
