// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import LauncherClient
import NIOCore
import Sandbox
import Store

/// The layers that go from the request into their unpackers.
extension ArchiveIntake {
    /// Layers that are unpacked at once while more of the archive comes.
    private static let parallelLayers = 3
    /// How often the documents that have come are looked at for a plan.
    private static let planAttempts = 8
    /// Bytes of a member that is worth such a look.
    private static let worthwhile: UInt64 = 64 << 10

    mutating func begin(_ path: String, _ member: TarIndex.Member) async {
        guard failure == nil else { return }
        do {
            try await plan(before: member)
            // A header may say anything: what is larger than the archive may be is never whole.
            guard let layer = expected?[path], layer.blobDigest == nil || layer.size == member.size,
                member.size > 0, member.size <= library.limits.archiveBytes
            else { return }
            candidate = (layer, ByteBuffer())
            candidate?.layer.size = member.size
        } catch { failure = error }
    }

    mutating func content(_ bytes: ByteBuffer) async throws {
        var bytes = bytes
        var isFirst = false
        if let (layer, front) = candidate {
            var whole = front
            whole.writeImmutableBuffer(bytes)
            candidate?.front = whole
            if whole.readableBytes < min(4, Int(clamping: layer.size)) { return }
            candidate = nil
            bytes = whole
            do { try await start(layer, head: whole) } catch { failure = error }
            isFirst = true
        }
        guard failure == nil, var coming = current else { return try await store(bytes) }
        do {
            try await coming.take(bytes)
            current = coming
        } catch {
            await coming.abandon()
            current = nil
            failure = error
        }
        // The plan is made once more when all has come, and looks at these for the compression.
        if isFirst, let front = bytes.readSlice(length: min(4, bytes.readableBytes)) { try await store(front) }
        try await skip(bytes.readableBytes)
    }

    /// Looks whether what has come names the layers that will come.
    private mutating func plan(before member: TarIndex.Member) async throws {
        guard expected == nil, attempts < Self.planAttempts, member.size >= Self.worthwhile, let index = walk?.index else { return }
        let reader = ArchiveReader(file: file, index: index, limits: library.limits, isPartial: true)
        guard reader.mayTell else { return }
        attempts += 1
        let plan = await Result { [name] in try await blocking { try reader.plan(name: name) } }
        // Too little has come, or it is an image that will be refused: what is wrong with it is said when all of it is there.
        guard case .success(let plan) = plan else { return }
        let layers = plan.layers
        // In this order: a layer that is recorded between the two counts in none of them, and not in both.
        let used = try await library.store.imageBytes()
        let missing = try await library.store.missing(layers.map(\.diffID))
        let coming = layers.filter { missing.contains($0.diffID) }.map(\.size).saturatingSum
        try library.space.check(used: used, coming: coming)
        held = layers.map(\.diffID)
        await library.shelf.hold(held)
        expected = Dictionary(layers.map { ($0.path, $0) }) { first, _ in first }
    }

    private mutating func start(_ layer: PlannedLayer, head: ByteBuffer) async throws {
        if layers.count >= Self.parallelLayers { _ = try await layers[layers.count - Self.parallelLayers].outcome() }
        if !layers.isEmpty { try library.space.check(used: try await library.store.imageBytes(), coming: 0) }
        current = try await ComingLayer(layer, head: head, shelf: library.shelf)
        guard current != nil else { return }
        let number = held.firstIndex(of: layer.diffID) ?? 0
        await progress(.layer(layer.diffID, .unpacking, index: number + 1, of: held.count, bytes: layer.size))
    }
}
