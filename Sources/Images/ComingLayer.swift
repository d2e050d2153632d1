// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import LauncherClient
import LinuxSystem
import NIOCore
import Sandbox
import Synchronization

/// A layer of an archive on its way from the request into its unpacker.
///
/// As for a layer that is pulled, the last bytes of the blob go on only when its digest is right: what is in place has both its digests.
struct ComingLayer {
    let layer: PlannedLayer
    /// The unpacking; it ends soon after the content does.
    private let work: ShelfWork
    private let pipe: LayerPipe
    private let watch: SenderWatch
    private var hash = ContentHash()
    /// Of the blob as it came; nil while it comes.
    private(set) var digest: Digest?
    private var left: UInt64
    /// Somebody else has put the layer in place: the rest is looked at for its digest only.
    private var isUnread = false

    /// - Parameter head: the first bytes of the blob, which tell how it is compressed.
    /// - Returns: nil where the layer is in place or on its way already.
    init?(_ layer: PlannedLayer, head: ByteBuffer, shelf: LayerShelf) async throws {
        let pipe = try await LayerPipe()
        let watch = SenderWatch(shelf.patience)
        let compression = LayerCompression(head: head.readableBytesView.prefix(4))
        let task = await shelf.begin(layer.diffID, LayerArrival(watch: watch, isPiped: true, pipe: pipe)) { unpacker in
            let result = await Result {
                try await unpacker.unpack(
                    layer.diffID, from: pipe.reading.number, offset: 0, length: layer.size, compression: compression)
            }
            // Where the unpacker has given up, nobody reads any more: the writer must learn of it.
            await pipe.end()
            return try result.get()
        }
        guard let task else {
            await pipe.end()
            return nil
        }
        self.layer = layer
        work = ShelfWork(task: task, diffID: layer.diffID, shelf: shelf)
        self.pipe = pipe
        self.watch = watch
        left = layer.size
    }

    /// Hands the next bytes on, and waits until the unpacker has room for them.
    mutating func take(_ buffer: ByteBuffer) async throws {
        watch.came(buffer.readableBytes)
        defer { if left == 0 { watch.end() } else { watch.handedOn() } }
        buffer.withUnsafeReadableBytes { hash.update($0) }
        left -= UInt64(buffer.readableBytes)
        if left == 0 {
            let found = hash.finish()
            digest = found
            if let promised = layer.blobDigest, found != promised {
                throw ServiceError.invalidImage("blob \(promised) has in truth the digest \(found)")
            }
        }
        if isUnread { return }
        do { try await pipe.write(buffer) } catch {
            // Who does not read on has the reason, or the layer of somebody else.
            _ = try await outcome()
            isUnread = true
        }
        if left == 0 { await pipe.end() }
    }

    /// What became of the layer. Whoever is cancelled while it waits needs it no more.
    func outcome() async throws -> UnpackedLayer {
        do { return try await work.outcome() } catch let error as UnpackFailure { throw ServiceError.layer(layer.diffID, error) }
    }

    /// No more of the layer will come. Returns when nothing of it is being made any more.
    func abandon() async {
        watch.end()
        await pipe.end()
        await work.leave()
    }
}

/// A layer's unpacking, of which the upload that began it may take leave once.
private final class ShelfWork: Sendable {
    private let task: Task<UnpackedLayer, any Error>
    private let diffID: Digest
    private let shelf: LayerShelf
    private let isLeft = Atomic(false)

    init(task: Task<UnpackedLayer, any Error>, diffID: Digest, shelf: LayerShelf) {
        self.task = task
        self.diffID = diffID
        self.shelf = shelf
    }

    func outcome() async throws -> UnpackedLayer {
        try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            Task { await tell() }
        }
    }

    /// Ends it where nobody else waits for the layer. Returns when nothing of it is being made any more.
    func leave() async {
        await tell()
        _ = await task.result
    }

    private func tell() async {
        if !isLeft.exchange(true, ordering: .sequentiallyConsistent) { await shelf.leave(task, diffID) }
    }
}
