// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
public import Images
import Store

extension Catalog {
    /// Removes images that no function, no version and no instance needs. It takes its turn, so no function comes to need one meanwhile.
    ///
    /// - Parameters:
    ///   - all: also images that have a name.
    ///   - running: the images of instances that are alive: one may finish calls of a version that was replaced.
    ///   - dryRun: only tells what would go.
    public func collectImages(all: Bool, running: Set<Digest>, dryRun: Bool) async throws -> CollectedImages {
        try await turns.run { [self] in
            let functions = try await store.functions().compactMap(\.manifest)
            let versions = try await store.versions().map(\.manifest)
            var used = running.union(functions).union(versions)
            // One that has just come for a function, which does not know of it yet.
            for coming in try await store.preparations() {
                if let image = try await images.resolve(coming.configuration.image) { used.insert(image.manifestDigest) }
            }
            return try await images.collect(all: all, used: used, dryRun: dryRun)
        }
    }
}
