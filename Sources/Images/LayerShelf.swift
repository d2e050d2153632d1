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
    let store: Store
    let unpacker: any LayerUnpacker
    let logger: Logger
    let room: RoomBook
    let patience: SenderPatience

    /// Layers known to be in place and recorded.
    var present: [Digest: UnpackedLayer] = [:]
    /// In the order in which they were begun.
    var unpacking: [Digest: [LayerWork]] = [:]
    var removing: [Digest: Task<Void, any Error>] = [:]
    /// How many loads need a layer now.
    private(set) var holders: [Digest: Int] = [:]
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
                // It is slow. Somebody else may have noticed first.
                case nil: if present[diffID] != nil || unpacking[diffID]?.last?.number != other.number { continue }
                }
            }
            if removing[diffID] != nil { continue }
            let task = start(diffID, unpack)
            await onUnpack()
            let own = await wait(for: task, diffID)
            guard case .failure(let error as UnpackFailure) = own, error.lacksRoom else { return (try own.get(), false) }
            // What two bring counts twice while both are about it: there may be room for one.
            try Task.checkCancellation()
            if let found = present[diffID] { return (found, true) }
            guard let other = unpacking[diffID]?.last, case .success(let found)? = await wait(forOther: other, diffID, howeverSlow: true)
            else { return (try own.get(), false) }
            return (found, true)
        }
    }

    /// Begins to put a held layer in place that an upload brings, for whoever will ask for it.
    ///
    /// - Returns: nil where it is there already, somebody is about it, or enough others are on their way.
    func begin(
        _ diffID: Digest, _ arrival: LayerArrival, unpack: @escaping @Sendable (PlacedUnpacker) async throws -> UnpackedLayer
    ) -> Task<UnpackedLayer, any Error>? {
        guard present[diffID] == nil, unpacking[diffID] == nil, removing[diffID] == nil,
            PipePlaces.haveRoom(forUpload: true, beside: unpacking.values.joined())
        else { return nil }
        return start(diffID, isUpload: true, arrival: arrival, unpack)
    }

    /// Not a child of who asked first: others may wait for the layer when that one is cancelled.
    private func start(
        _ diffID: Digest, isUpload: Bool = false, arrival: LayerArrival? = nil,
        _ unpack: @escaping @Sendable (PlacedUnpacker) async throws -> UnpackedLayer
    ) -> Task<UnpackedLayer, any Error> {
        works += 1
        let number = works
        let task = Task {
            let made: Result<UnpackedLayer, any Error>
            do { made = .success(try await put(diffID, number, unpack)) } catch { made = .failure(error) }
            guard let own = unpacking[diffID]?.first(where: { $0.number == number }) else { return try made.get() }
            unpacking[diffID]?.removeAll { $0.number == number }
            if unpacking[diffID]?.isEmpty == true { unpacking[diffID] = nil }
            if case .success(let unpacked) = made { await replace(diffID, by: unpacked) }
            return try own.outcome(made)
        }
        unpacking[diffID, default: []].append(LayerWork(number: number, task: task, isUpload: isUpload, arrival: arrival))
        return task
    }

    private func put(
        _ diffID: Digest, _ number: Int, _ unpack: @escaping @Sendable (PlacedUnpacker) async throws -> UnpackedLayer
    ) async throws -> UnpackedLayer {
        try await room.refresh { [store] in try await store.imageBytes() }
        return try await room.hold(used: usedWhenCancelled) { [unpacker, store] place in
            let unpacked = try await unpack(
                PlacedUnpacker(
                    unpacker: unpacker, place: place, announce: { await self.announce($0, number, diffID) },
                    attach: { await self.attach($0, number, diffID) },
                    isReplaced: { await self.isReplaced(number, diffID) }))
            // In place first, then recorded: a stop between the two leaves a layer that the next start removes. A cancel between the two
            // is too late for this one: only a recorded layer is found by whoever removes the unused.
            try await Task {
                try await store.record(LayerRecord(diffID: diffID, bytes: unpacked.bytes, entries: unpacked.entries))
                await self.have(diffID, unpacked)
            }.value
            return unpacked
        }
    }

    private func have(_ diffID: Digest, _ unpacked: UnpackedLayer) { present[diffID] = unpacked }

    /// Called when what is recorded has changed: those who are unpacking keep to what there is now. In a task of its own: the store refuses what a
    /// cancelled one asks.
    func countAgain() async { await Task { await room.refresh { await used() } }.value }

    private nonisolated func usedWhenCancelled() async -> UInt64? { await Task { await used() }.value }

    /// - Returns: bytes of all that is recorded; nil where the database does not say.
    private func used() async -> UInt64? {
        do { return try await store.imageBytes() } catch {
            // What images take is counted when the database is asked next, before the next layer.
            logger.warning("what images take could not be counted", metadata: ["error": "\(error)"])
            return nil
        }
    }
}
