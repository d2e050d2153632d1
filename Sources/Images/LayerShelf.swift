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
    /// Layers known to be in place and recorded.
    private var present: [Digest: UnpackedLayer] = [:]
    private var unpacking: [Digest: Task<UnpackedLayer, any Error>] = [:]
    private var removing: [Digest: Task<Void, any Error>] = [:]
    /// How many loads need a layer now.
    private var holders: [Digest: Int] = [:]

    init(store: Store, unpacker: any LayerUnpacker, logger: Logger) {
        self.store = store
        self.unpacker = unpacker
        self.logger = logger
    }

    func hold(_ layers: [Digest]) { for layer in layers { holders[layer, default: 0] += 1 } }

    /// Ends ``hold(_:)``, and removes what no image has come to have.
    func release(_ layers: [Digest]) async {
        for layer in layers {
            let rest = holders[layer, default: 1] - 1
            holders[layer] = rest > 0 ? rest : nil
        }
        do { try await removeUnused() } catch {
            // The layers stay where they are until the next start or removal, which tries again.
            logger.warning("unused layers could not be removed", metadata: ["error": "\(error)"])
        }
    }

    /// Puts a held layer in place, or waits for whoever is doing so.
    ///
    /// - Parameter onUnpack: called before the work begins, and only by the one who does it.
    /// - Returns: the layer, and whether it was there already.
    func obtain(
        _ layer: PlannedLayer, from file: SpoolFile, onUnpack: @Sendable () async -> Void
    ) async throws -> (layer: UnpackedLayer, existed: Bool) {
        while true {
            try Task.checkCancellation()
            if let removal = removing[layer.diffID] { _ = await removal.result }
            if let found = present[layer.diffID] { return (found, true) }
            if let other = unpacking[layer.diffID] {
                // Where the other one fails, its archive may be to blame, and ours may be sound: look again.
                if case .success(let found) = await other.result { return (found, true) }
                continue
            }
            if removing[layer.diffID] != nil { continue }
            let task = start(layer, from: file)
            await onUnpack()
            return (try await task.value, false)
        }
    }

    /// Not a child of the load: it holds the file, and goes to its end even where the load is cancelled, since the launcher cannot be stopped half way.
    private func start(_ layer: PlannedLayer, from file: SpoolFile) -> Task<UnpackedLayer, any Error> {
        let task = Task {
            defer { unpacking[layer.diffID] = nil }
            let unpacked = try await unpacker.unpack(
                layer.diffID, from: file.descriptor, offset: layer.offset, length: layer.size, compression: layer.compression)
            withExtendedLifetime(file) {}
            // In place first, then recorded: a stop between the two leaves a layer that the next start removes.
            try await store.record(LayerRecord(diffID: layer.diffID, bytes: unpacked.bytes, entries: unpacked.entries))
            present[layer.diffID] = unpacked
            return unpacked
        }
        unpacking[layer.diffID] = task
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
            logger.error("a layer is recorded and not in place; load its image again", metadata: ["layer": "\(layer.diffID)"])
        }
        for layer in inPlace.subtracting(recorded.map(\.diffID)) { try await unpacker.remove(layer) }
        try await removeUnused()
    }
}
