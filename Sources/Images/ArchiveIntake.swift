// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import NIOCore
import Synchronization

/// Takes an archive in. Its bytes go into a file without a name, but those of a layer go straight into that layer's unpacker where what has come
/// before tells which layer it is: then the file has a hole in their place.
struct ArchiveIntake {
    let library: ImageLibrary
    let name: String?
    let progress: @Sendable (LoadEvent) async -> Void
    private let receiver: SharedReceiver
    let file: SpoolFile
    var walk: ArchiveWalk?
    var attempts = 0
    /// The layers that are to come, by the path of their member; nil before there is a plan.
    var expected: [String: PlannedLayer]?
    /// The member that is coming, where it may be a layer, and what has come of it while that is less than tells its compression.
    var candidate: (layer: PlannedLayer, front: ByteBuffer)?
    var current: ComingLayer?
    /// In the order in which they came.
    var layers: [ComingLayer] = []
    var held: [Digest] = []
    /// Why the image will be refused. What else comes is read and thrown away, so that the sender gets to read the answer.
    var failure: (any Error)?

    /// - Parameters:
    ///   - name: as in ``ImageLibrary/load(chunks:name:keepBlobs:progress:)``.
    ///   - isStored: whether all of the archive is to lie in the file.
    init(
        _ library: ImageLibrary, name: String?, isStored: Bool, progress: @escaping @Sendable (LoadEvent) async -> Void
    ) async throws {
        self.library = library
        self.name = name
        self.progress = progress
        let upload = library.uploadName()
        let file = try await blocking { [blobs = library.blobs] in try blobs.newSpoolFile(name: upload) }
        self.file = file
        receiver = SharedReceiver(ArchiveReceiver(file, limits: library.limits))
        walk = isStored ? nil : ArchiveWalk(memberLimit: library.limits.archiveMembers)
    }

    /// - Returns: the file, and the length of the archive in it.
    mutating func receive<Chunks: AsyncSequence & Sendable>(
        _ chunks: Chunks
    ) async throws -> (SpoolFile, length: UInt64) where Chunks.Element == ByteBuffer {
        var waiting = ByteBuffer()
        var announced: UInt64 = 0
        for try await chunk in chunks {
            waiting.writeImmutableBuffer(chunk)
            if waiting.readableBytes < 1 << 20 { continue }
            let block = waiting
            waiting = ByteBuffer()
            try await take(block)
            try library.space.checkDisk()
            let received = receiver.with { $0.received }
            if received - announced >= 1 << 20 {
                announced = received
                await progress(.received(bytes: received))
            }
        }
        try Task.checkCancellation()
        if waiting.readableBytes > 0 { try await take(waiting) }
        if let failure { throw failure }
        let (received, length) = try await blocking { [receiver] in
            try receiver.with { receiver in
                try receiver.finish()
                try receiver.file.end(at: receiver.written)
                return (receiver.received, receiver.written)
            }
        }
        await progress(.received(bytes: received))
        return (file, length)
    }

    /// Ends what is still on its way, and lets go of the layers.
    mutating func close() async {
        await current?.abandon()
        for layer in layers { await layer.abandon() }
        await library.shelf.release(held)
        held = []
    }

    private mutating func take(_ block: ByteBuffer) async throws {
        guard var walk else { return try await store(block) }
        let pieces = walk.take(block)
        self.walk = walk
        for piece in pieces {
            switch piece {
            case .frame(let bytes): try await store(bytes)
            case .member(let path, let member): await begin(path, member)
            case .content(let bytes): try await content(bytes)
            case .end:
                if let current { layers.append(current) }
                current = nil
            }
        }
    }

    func store(_ bytes: ByteBuffer) async throws {
        if failure != nil { return try await skip(bytes.readableBytes) }
        try await blocking { [receiver] in try receiver.with { try $0.take(bytes) } }
    }

    func skip(_ count: Int) async throws { try receiver.with { try $0.skip(count) } }
}

/// Lets a receiver go from one thread to the next, one at a time.
private final class SharedReceiver: Sendable {
    private let receiver: Mutex<ArchiveReceiver>

    init(_ receiver: sending ArchiveReceiver) { self.receiver = Mutex(receiver) }

    func with<Result: Sendable>(_ body: (ArchiveReceiver) throws -> Result) rethrows -> Result { try receiver.withLock { try body($0) } }
}
