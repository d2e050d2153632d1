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
    /// Called with the bytes that have come so far.
    let report: @Sendable (UInt64) async -> Void

    /// - Throws: ``RegistryError``, `UnpackFailure`, ``ServiceError``, `CancellationError`.
    func unpack(with unpacker: PlacedUnpacker) async throws -> UnpackedLayer {
        var stream = session.blob(descriptor).makeAsyncIterator()
        var front = ByteBuffer()
        while front.readableBytes < 4, var buffer = try await stream.next() { front.writeBuffer(&buffer) }
        let compression = LayerCompression(head: front.readableBytesView.prefix(4))
        let pipe = try await LayerPipe(patience)
        // What is kept must come whole.
        if kept == nil { await unpacker.attach(pipe) }
        let work = Task {
            let result = await Task {
                try await unpacker.unpack(
                    diffID, from: pipe.reading.number, offset: 0, length: UInt64(max(0, descriptor.size)), compression: compression)
            }.result
            // Where the unpacker has given up, nobody reads any more: the writer must learn of it.
            await pipe.end()
            return try result.get()
        }
        var broken: (any Error)?
        var received: UInt64 = 0
        do {
            var next: ByteBuffer? = front
            while let buffer = next {
                try await keep(buffer, received: &received)
                do { try await pipe.write(buffer) } catch  where !(error is CancellationError) { break }
                next = try await stream.next()
            }
            if let kept { try await blocking { try kept.finish() } }
        } catch { broken = error }
        await pipe.end()
        let result = await work.result
        // Where the download broke off, that is the reason, and the unpacker's complaint only follows from it.
        if let broken { throw broken }
        return try result.get()
    }

    /// The same without an unpacker, for a layer that is in place already.
    func keepOnly() async throws {
        var received: UInt64 = 0
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
