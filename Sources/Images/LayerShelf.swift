// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import LauncherClient
import Logging
import Sandbox
import Store

/// The layers that are in place. Each is unpacked once, whoever asks for it at the same time, and none is removed while somebody holds it.
actor LayerShelf {
    private let store: Store
    private let unpacker: any LayerUnpacker
    private let logger: Logger
    /// A layer on its way, with the number of those who wait for it.
    private struct Work {
        var task: Task<UnpackedLayer, any Error>
        var waiters = 0
        /// What it unpacks is still on its way here.
        var isStreamed = false
    }

    /// Of the layers that the launcher unpacks at once, one is left for what is here already: a slow sender must not hold up everyone.
    private static let streams = 3

    /// Layers known to be in place and recorded.
    private var present: [Digest: UnpackedLayer] = [:]
    private var unpacking: [Digest: Work] = [:]
    private var removing: [Digest: Task<Void, any Error>] = [:]
    /// How many loads need a layer now.
    private var holders: [Digest: Int] = [:]

    init(store: Store, unpacker: any LayerUnpacker, logger: Logger) {
        self.store = store
        self.unpacker = unpacker
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
        unpack: @escaping @Sendable (any LayerUnpacker) async throws -> UnpackedLayer
    ) async throws -> (layer: UnpackedLayer, existed: Bool) {
        while true {
            try Task.checkCancellation()
            if let removal = removing[diffID] { _ = await removal.result }
            if let found = present[diffID] { return (found, true) }
            if let other = unpacking[diffID]?.task {
                // Where the other one fails, its source may be to blame, and ours may be sound: look again.
                if case .success(let found) = await wait(for: other, diffID) { return (found, true) }
                continue
            }
            if removing[diffID] != nil { continue }
            let task = start(diffID, unpack)
            await onUnpack()
            return (try await wait(for: task, diffID).get(), false)
        }
    }

    /// Begins to put a held layer in place, for whoever will ask for it.
    ///
    /// - Returns: nil where it is there already, somebody is about it, or enough others are on their way.
    func begin(
        _ diffID: Digest, unpack: @escaping @Sendable (any LayerUnpacker) async throws -> UnpackedLayer
    ) -> Task<UnpackedLayer, any Error>? {
        guard present[diffID] == nil, unpacking[diffID] == nil, removing[diffID] == nil else { return nil }
        guard unpacking.values.count(where: \.isStreamed) < Self.streams else { return nil }
        let task = start(diffID, unpack)
        unpacking[diffID]?.isStreamed = true
        // Whoever began it waits for it too: it is not to be cancelled when another who waits is.
        unpacking[diffID]?.waiters += 1
        return task
    }

    private func wait(for task: Task<UnpackedLayer, any Error>, _ diffID: Digest) async -> Result<UnpackedLayer, any Error> {
        if unpacking[diffID]?.task == task { unpacking[diffID]?.waiters += 1 }
        return await withTaskCancellationHandler {
            await task.result
        } onCancel: {
            Task { await leave(task, diffID) }
        }
    }

    private func leave(_ task: Task<UnpackedLayer, any Error>, _ diffID: Digest) {
        guard let work = unpacking[diffID], work.task == task else { return }
        unpacking[diffID]?.waiters -= 1
        if work.waiters <= 1 { task.cancel() }
    }

    /// Not a child of who asked first: others may wait for the layer when that one is cancelled.
    private func start(
        _ diffID: Digest, _ unpack: @escaping @Sendable (any LayerUnpacker) async throws -> UnpackedLayer
    ) -> Task<UnpackedLayer, any Error> {
        let task = Task {
            defer { unpacking[diffID] = nil }
            let unpacked = try await unpack(unpacker)
            // In place first, then recorded: a stop between the two leaves a layer that the next start removes. A cancel between the two
            // is too late for this one: only a recorded layer is found by whoever removes the unused.
            try await Task { try await store.record(LayerRecord(diffID: diffID, bytes: unpacked.bytes, entries: unpacked.entries)) }.value
            present[diffID] = unpacked
            return unpacked
        }
        unpacking[diffID] = Work(task: task)
        return task
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
