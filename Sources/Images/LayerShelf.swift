// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import LauncherClient
import Logging
import Sandbox
import Store

/// The layers that are in place. Each is unpacked once, whoever asks for it at the same time, and none is removed while somebody holds it.
///
/// A layer may come slowly from who began it. Then one who has it too does not wait for that one: both are about it, and whoever is first has done it for
/// both. A slow sender is not stopped before that: the other's bytes may be bad.
actor LayerShelf {
    /// Somebody is about a layer.
    struct Work {
        let number: Int
        let task: Task<UnpackedLayer, any Error>
        /// Whoever began it waits for it from the start: it is not to be cancelled when another who waits is.
        var waiters = 1
        /// Whether an upload brings it.
        let isUpload: Bool
        /// By which it comes, where somebody else may be faster.
        var pipe: LayerPipe?
        /// What somebody else has made of it meanwhile.
        var replacement: UnpackedLayer?
    }

    /// Uploads that are unpacked as they come: those whose sender is not slow, and all. Beyond that they go by way of the file: whatever comes by a pipe takes
    /// an unpacker and two processes for as long as it comes.
    static let uploads = (brisk: 3, all: 6)

    private let store: Store
    private let unpacker: any LayerUnpacker
    private let logger: Logger
    let room: RoomBook
    let patience: SenderPatience

    /// Layers known to be in place and recorded.
    private var present: [Digest: UnpackedLayer] = [:]
    /// In the order in which they were begun.
    var unpacking: [Digest: [Work]] = [:]
    private var removing: [Digest: Task<Void, any Error>] = [:]
    /// How many loads need a layer now.
    private var holders: [Digest: Int] = [:]
    private var works = 0

    init(store: Store, unpacker: any LayerUnpacker, room: RoomBook, patience: SenderPatience, logger: Logger) {
        self.store = store
        self.unpacker = unpacker
        self.room = room
        self.patience = patience
        self.logger = logger
    }

    /// Layers that a load or a pull needs now.
    var held: Set<Digest> { Set(holders.keys) }

    func hold(_ layers: [Digest]) { for layer in layers { holders[layer, default: 0] += 1 } }

    /// Ends ``hold(_:)``, and removes what no image has come to have.
    func release(_ layers: [Digest]) async {
        for layer in layers {
            let rest = holders[layer, default: 1] - 1
            holders[layer] = rest > 0 ? rest : nil
        }
        // In a task of its own: the store refuses what a cancelled one asks, and the layers of a cancelled pull must go.
        do { try await Task { try await removeUnused() }.value } catch {
            // The layers stay where they are until the next start or removal, which tries again.
            logger.warning("unused layers could not be removed", metadata: ["error": "\(error)"])
        }
    }

    /// Puts a held layer in place, or waits for whoever is doing so.
    ///
    /// - Parameters:
    ///   - onUnpack: called before the work begins, and only by the one who does it.
    ///   - unpack: the work. It is cancelled when the last who waits for the layer is.
    /// - Returns: the layer, and whether it was there already.
    func obtain(
        _ diffID: Digest, onUnpack: @Sendable () async -> Void,
        unpack: @escaping @Sendable (PlacedUnpacker) async throws -> UnpackedLayer
    ) async throws -> (layer: UnpackedLayer, existed: Bool) {
        while true {
            try Task.checkCancellation()
            if let removal = removing[diffID] { _ = await removal.result }
            if let found = present[diffID] { return (found, true) }
            if let other = unpacking[diffID]?.last {
                switch await wait(forOther: other, diffID) {
                case .success(let found): return (found, true)
                // Where the other one fails, its source may be to blame, and ours may be sound: look again.
                case .failure: continue
                case nil: if unpacking[diffID]?.last?.number != other.number { continue }
                }
            }
            if removing[diffID] != nil { continue }
            let task = start(diffID, unpack)
            await onUnpack()
            return (try await wait(for: task, diffID).get(), false)
        }
    }

    /// Begins to put a held layer in place that an upload brings, for whoever will ask for it.
    ///
    /// - Returns: nil where it is there already, somebody is about it, or enough others are on their way.
    func begin(
        _ diffID: Digest, from pipe: LayerPipe, unpack: @escaping @Sendable (PlacedUnpacker) async throws -> UnpackedLayer
    ) -> Task<UnpackedLayer, any Error>? {
        guard present[diffID] == nil, unpacking[diffID] == nil, removing[diffID] == nil else { return nil }
        let uploads = unpacking.values.joined().filter(\.isUpload)
        guard uploads.count < Self.uploads.all, uploads.count(where: { $0.pipe?.isSlow != true }) < Self.uploads.brisk else { return nil }
        return start(diffID, isUpload: true, pipe: pipe, unpack)
    }

    /// Says by which pipe a layer comes that is being unpacked, so that another may do it where that is slow.
    fileprivate func attach(_ pipe: LayerPipe, to number: Int, _ diffID: Digest) {
        guard let index = unpacking[diffID]?.firstIndex(where: { $0.number == number }) else { return }
        unpacking[diffID]?[index].pipe = pipe
    }

    /// Not a child of who asked first: others may wait for the layer when that one is cancelled.
    private func start(
        _ diffID: Digest, isUpload: Bool = false, pipe: LayerPipe? = nil,
        _ unpack: @escaping @Sendable (PlacedUnpacker) async throws -> UnpackedLayer
    ) -> Task<UnpackedLayer, any Error> {
        works += 1
        let number = works
        let task = Task {
            let made: Result<UnpackedLayer, any Error>
            do { made = .success(try await put(diffID, number, unpack)) } catch { made = .failure(error) }
            let own = unpacking[diffID]?.first { $0.number == number }
            unpacking[diffID]?.removeAll { $0.number == number }
            if unpacking[diffID]?.isEmpty == true { unpacking[diffID] = nil }
            if case .success(let unpacked) = made { await replace(diffID, by: unpacked) }
            if let replacement = own?.replacement { return replacement }
            return try made.get()
        }
        unpacking[diffID, default: []].append(Work(number: number, task: task, isUpload: isUpload, pipe: pipe))
        return task
    }

    private func put(
        _ diffID: Digest, _ number: Int, _ unpack: @escaping @Sendable (PlacedUnpacker) async throws -> UnpackedLayer
    ) async throws -> UnpackedLayer {
        try await room.refresh { [store] in try await store.imageBytes() }
        let unpacked = try await room.hold { [unpacker] place in
            try await unpack(PlacedUnpacker(unpacker: unpacker, place: place) { await self.attach($0, to: number, diffID) })
        }
        // In place first, then recorded: a stop between the two leaves a layer that the next start removes. A cancel between the two
        // is too late for this one: only a recorded layer is found by whoever removes the unused.
        try await Task {
            try await store.record(LayerRecord(diffID: diffID, bytes: unpacked.bytes, entries: unpacked.entries))
            present[diffID] = unpacked
            do { try await room.refresh { [store] in try await store.imageBytes() } } catch {
                // The layer is there. What it takes is counted when the database is asked next, before the next layer.
                logger.warning("what images take could not be counted", metadata: ["error": "\(error)"])
            }
        }.value
        return unpacked
    }

    /// Others who bring the layer need not any more, and give their unpackers back.
    private func replace(_ diffID: Digest, by unpacked: UnpackedLayer) async {
        guard let others = unpacking[diffID] else { return }
        for index in others.indices where others[index].pipe != nil { unpacking[diffID]?[index].replacement = unpacked }
        for other in others where other.pipe != nil {
            await other.pipe?.end()
            // A download waits for its registry still.
            other.task.cancel()
        }
    }

    /// Removes every layer that no image has and nobody holds.
    func removeUnused() async throws {
        for layer in try await store.unusedLayers() where holders[layer] == nil && unpacking[layer] == nil && removing[layer] == nil {
            present[layer] = nil
            let task = Task {
                defer { removing[layer] = nil }
                // The record first: asked in one transaction whether an image has come to have it.
                if try await store.removeUnusedLayer(layer) { try await unpacker.remove(layer) }
            }
            removing[layer] = task
            try await task.value
        }
    }

    /// After a start: forgets layers that are gone, and removes those that no record knows.
    func recover() async throws {
        let inPlace = try await unpacker.layers()
        let recorded = try await store.layers()
        for layer in recorded where inPlace.contains(layer.diffID) {
            present[layer.diffID] = UnpackedLayer(entries: layer.entries, bytes: layer.bytes)
        }
        for layer in recorded where !inPlace.contains(layer.diffID) {
            logger.error(
                "a layer is recorded and not in place; load its image again, or update the functions that have it",
                metadata: ["layer": "\(layer.diffID)"])
        }
        for layer in inPlace.subtracting(recorded.map(\.diffID)) { try await unpacker.remove(layer) }
        try await removeUnused()
    }
}
