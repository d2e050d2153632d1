// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Logging
public import NIOCore
import Sandbox
import Store
import Synchronization

extension ImageLibrary {
    /// Loads every image of an archive: a tar of an OCI layout or what `docker save` writes, as it is or compressed with gzip.
    ///
    /// The order makes a stop at any point harmless: the archive lies in a file without a name, each layer is put in place whole by the
    /// unpacker, and only then is the image recorded, in one transaction.
    ///
    /// - Parameters:
    ///   - chunks: the bytes of the archive.
    ///   - name: the reference to give the image, or to choose one where the archive has several; nil takes the archive's own names.
    /// - Returns: an element for each name that now leads to an image of the archive.
    /// - Throws: ``ServiceError`` 400 `InvalidImage` for an archive that is wrong or too large, 507 `InsufficientStorage` for a full disk.
    public func load<Chunks: AsyncSequence & Sendable>(
        chunks: Chunks, name: String?, progress: @escaping @Sendable (LoadEvent) async -> Void
    ) async throws -> [Image] where Chunks.Element == ByteBuffer {
        do {
            let (file, length) = try await receive(chunks, progress)
            let plan = try await blocking { [limits] in try ArchiveReader(file, length: length, limits: limits).plan(name: name) }
            let layers = plan.layers
            await shelf.hold(layers.map(\.diffID))
            do {
                let records = try await place(layers, from: file, progress)
                try await record(plan, layers: records)
            } catch {
                await shelf.release(layers.map(\.diffID))
                throw error
            }
            await shelf.release(layers.map(\.diffID))
            let loaded = Set(plan.images.flatMap(\.references))
            return try await list().filter { loaded.contains($0.reference) }
        } catch { throw ServiceError.image(error, while: "loading the image") }
    }

    private func receive<Chunks: AsyncSequence & Sendable>(
        _ chunks: Chunks, _ progress: @Sendable (LoadEvent) async -> Void
    ) async throws -> (SpoolFile, length: UInt64) where Chunks.Element == ByteBuffer {
        let name = uploadName()
        let receiver = try await blocking { [blobs, limits] in
            SharedReceiver(ArchiveReceiver(try blobs.newSpoolFile(name: name), limits: limits))
        }
        var waiting = ByteBuffer()
        var announced: UInt64 = 0
        for try await chunk in chunks {
            waiting.writeImmutableBuffer(chunk)
            if waiting.readableBytes < 1 << 20 { continue }
            let block = waiting
            waiting = ByteBuffer()
            let received = try await blocking {
                try receiver.with {
                    try $0.take(block)
                    return $0.received
                }
            }
            if received - announced >= 1 << 20 {
                announced = received
                await progress(.received(bytes: received))
            }
        }
        try Task.checkCancellation()
        let rest = waiting
        let (file, received, length) = try await blocking {
            try receiver.with { receiver in
                if rest.readableBytes > 0 { try receiver.take(rest) }
                try receiver.finish()
                return (receiver.file, receiver.received, receiver.written)
            }
        }
        await progress(.received(bytes: received))
        return (file, length)
    }

    private func place(
        _ layers: [PlannedLayer], from file: SpoolFile, _ progress: @escaping @Sendable (LoadEvent) async -> Void
    ) async throws -> [Digest: LayerRecord] {
        var records: [Digest: LayerRecord] = [:]
        for (number, layer) in layers.enumerated() {
            // The blob as it was sent and the plain tar have digests of their own; both are checked, at the same time.
            async let checked: Void = blocking {
                guard let promised = layer.blobDigest else { return }
                let found = try file.digest(at: layer.offset, count: layer.size)
                guard found == promised else { throw ServiceError.invalidImage("blob \(promised) has in truth the digest \(found)") }
            }
            let (unpacked, existed): (UnpackedLayer, Bool)
            do {
                (unpacked, existed) = try await shelf.obtain(layer, from: file) {
                    await progress(.layer(layer.diffID, .unpacking, index: number + 1, of: layers.count, bytes: layer.size))
                }
            } catch let error as UnpackFailure { throw ServiceError.invalidImage("layer \(layer.diffID): \(error.reason)") }
            try await checked
            records[layer.diffID] = LayerRecord(diffID: layer.diffID, bytes: unpacked.bytes, entries: unpacked.entries)
            await progress(.layer(layer.diffID, existed ? .exists : .done, index: number + 1, of: layers.count, bytes: unpacked.bytes))
        }
        return records
    }

    private func record(_ plan: ArchivePlan, layers: [Digest: LayerRecord]) async throws {
        let created = now()
        for image in plan.images {
            let record = ImageRecord(
                manifestDigest: image.manifestDigest, configDigest: image.configDigest, created: created, references: image.references,
                layers: image.layers.compactMap { layers[$0.diffID] })
            try await store.record(record) { [blobs] in
                try blobs.write(image.manifest, digest: image.manifestDigest)
                try blobs.write(image.config, digest: image.configDigest)
            }
            logger.info(
                "image loaded", metadata: ["image": "\(image.references.joined(separator: " "))", "digest": "\(image.manifestDigest)"])
        }
    }
}

/// Lets a receiver go from one thread to the next, one at a time.
private final class SharedReceiver: Sendable {
    private let receiver: Mutex<ArchiveReceiver>

    init(_ receiver: sending ArchiveReceiver) { self.receiver = Mutex(receiver) }

    func with<Result: Sendable>(_ body: (ArchiveReceiver) throws -> Result) rethrows -> Result { try receiver.withLock { try body($0) } }
}
