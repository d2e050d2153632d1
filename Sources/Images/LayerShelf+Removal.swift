// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import LauncherClient
import Logging
import Sandbox
import Store

/// Removing what nobody needs.
extension LayerShelf {
    /// Removes every layer that no image has and nobody holds.
    ///
    /// - Throws: the first error, when all the others are removed.
    func removeUnused() async throws {
        var first: (any Error)?
        for layer in try await store.unusedLayers() where holders[layer] == nil && unpacking[layer] == nil && removing[layer] == nil {
            present[layer] = nil
            let task = Task {
                defer { removing[layer] = nil }
                // The record first: asked in one transaction whether an image has come to have it.
                if try await store.removeUnusedLayer(layer) { try await unpacker.remove(layer) }
            }
            removing[layer] = task
            do { try await task.value } catch { first = first ?? error }
        }
        // Also where one stays: the others are gone.
        await countAgain()
        if let first { throw first }
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
