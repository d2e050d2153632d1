// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import LauncherClient
import LinuxSystem
import NIOCore
import OCI
import Registry
import Sandbox

/// One layer of a registry on its way: from the socket into the unpacker, and into a file beside where the blob is to be kept.
struct LayerDownload: Sendable {
    let session: RegistrySession
    let descriptor: OCI.Descriptor
    let diffID: Digest
    let space: ImageSpace
    let patience: SenderPatience
    /// Nil where the blob is not kept.
    let kept: IncomingBlob?
    /// Makes the file by way of which the layer comes where there is no place for a pipe.
    let spool: @Sendable () async throws -> SpoolFile
    /// Called with the bytes that have come so far.
    let report: @Sendable (UInt64) async -> Void

    private var length: UInt64 { UInt64(max(0, descriptor.size)) }

    /// - Throws: ``RegistryError``, `UnpackFailure`, ``ServiceError``, `CancellationError`.
    func unpack(with unpacker: PlacedUnpacker) async throws -> UnpackedLayer {
        // From here on another who has the layer may overtake: a registry may be slow with its first byte too.
        let watch = SenderWatch(patience)
        let isPiped = await unpacker.announce(LayerArrival(watch: watch, kept: kept))
        let blob = WatchedBlob(session.blob(descriptor), watch)
        guard isPiped else { return try await unpackStored(blob, unpacker) }
        let pipe = try await LayerPipe()
        await unpacker.attach(pipe)
        let result = await Result { try await unpack(blob, through: pipe, unpacker) }
        await pipe.end()
        return try result.get()
    }

    private func unpack(_ coming: WatchedBlob, through pipe: LayerPipe, _ unpacker: PlacedUnpacker) async throws -> UnpackedLayer {
        var (blob, front) = (coming, ByteBuffer())
        while front.readableBytes < 4, var buffer = try await blob.next() { front.writeBuffer(&buffer) }
        let compression = LayerCompression(head: front.readableBytesView.prefix(4))
        let work = Task {
            let result = await Result {
                try await unpacker.unpack(diffID, from: pipe.reading.number, offset: 0, length: length, compression: compression)
            }
            // Where the unpacker has given up, nobody reads any more: the writer must learn of it.
            await pipe.end()
            return try result.get()
        }
        let (rest, head) = (blob, front)
        return try await withTaskCancellationHandler {
            let passed = await Result { try await pass(rest, behind: head, to: pipe, work, unpacker) }
            await pipe.end()
            // Where all has come, it may be what another waits for.
            if case .failure = passed { work.cancel() }
            let result = await work.result
            // Where the download broke off, that is the reason, and the unpacker's complaint only follows from it.
            try passed.get()
            return try result.get()
        } onCancel: {
            // Also when all has come: nobody waits for it any more.
            work.cancel()
        }
    }

    /// Hands on what comes, to its end or until nobody wants more of it.
    private func pass(
        _ coming: WatchedBlob, behind front: ByteBuffer, to pipe: LayerPipe, _ work: Task<UnpackedLayer, any Error>,
        _ unpacker: PlacedUnpacker
    ) async throws {
        var (blob, received, isRead) = (coming, UInt64(0), true)
        var next: ByteBuffer? = front
        while let buffer = next {
            try await keep(buffer, received: &received)
            if isRead {
                switch try await hand(buffer, to: pipe, work, unpacker) {
                case .read: break
                case .unread: isRead = false
                case .refused: return
                }
            }
            next = try await blob.next()
        }
        // Only here has all of it come.
        if let kept { try await blocking { try kept.finish() } }
    }

    private enum Handed {
        case read
        /// The unpacker wants no more, and the blob is to be kept.
        case unread
        /// The rest helps nobody.
        case refused
    }

    private func hand(
        _ buffer: ByteBuffer, to pipe: LayerPipe, _ work: Task<UnpackedLayer, any Error>, _ unpacker: PlacedUnpacker
    ) async throws -> Handed {
        do {
            try await pipe.write(buffer)
            return .read
        } catch  where !(error is CancellationError) {
            // Another has put the layer in place, or the unpacker reads no more: it has refused it, or has seen enough.
            guard kept != nil else { return .refused }
            await pipe.end()
            if await unpacker.isReplaced() { return .unread }
            switch await work.result {
            case .success: return .unread
            case .failure: return .refused
            }
        }
    }

    /// By way of a file, so that a slow sender takes no unpacker from others. The last bytes come only where the blob's digest is right.
    private func unpackStored(_ coming: WatchedBlob, _ unpacker: PlacedUnpacker) async throws -> UnpackedLayer {
        let file = kept == nil ? try await spool() : nil
        var (blob, received, front) = (coming, UInt64(0), [UInt8]())
        while let buffer = try await blob.next() {
            if front.count < 4 { front += buffer.readableBytesView.prefix(4 - front.count) }
            if let file { try await blocking { try buffer.withUnsafeReadableBytes { try file.append($0) } } }
            try await keep(buffer, received: &received)
        }
        if let kept { try await blocking { try kept.finish() } }
        if await unpacker.isReplaced() { throw UnpackFailure(reason: "another has unpacked it") }
        // Both are held until the end: the launcher cannot be stopped half way.
        defer { withExtendedLifetime((file, kept)) {} }
        guard let number = file?.descriptor ?? kept?.descriptor else { throw UnpackFailure(reason: "the layer has no file") }
        return try await unpacker.unpack(
            diffID, from: number, offset: 0, length: length, compression: LayerCompression(head: front[...]))
    }

    /// The same without an unpacker, for a layer that is in place already.
    func keepOnly() async throws {
        var received: UInt64 = 0
        if let kept { try await blocking { try kept.startAgain() } }
        for try await buffer in session.blob(descriptor) { try await keep(buffer, received: &received) }
        if let kept { try await blocking { try kept.finish() } }
    }

    private func keep(_ buffer: ByteBuffer, received: inout UInt64) async throws {
        let before = received
        received += UInt64(buffer.readableBytes)
        if let kept { try await blocking { try buffer.withUnsafeReadableBytes { try kept.append($0) } } }
        guard before >> 20 != received >> 20 else { return }
        try space.checkDisk()
        await report(received)
    }
}

/// The bytes of a blob as they come, with the time taken in which their sender is waited for.
private struct WatchedBlob {
    private var bytes: BlobStream.AsyncIterator
    private let watch: SenderWatch

    init(_ blob: BlobStream, _ watch: SenderWatch) {
        bytes = blob.makeAsyncIterator()
        self.watch = watch
    }

    mutating func next() async throws -> ByteBuffer? {
        watch.handedOn()
        let buffer = try await bytes.next()
        if let buffer { watch.came(buffer.readableBytes) } else { watch.end() }
        return buffer
    }
}
