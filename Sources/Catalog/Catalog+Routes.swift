// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Images
import Logging
import OCI
import Store

extension Catalog {
    /// Builds a function's route anew from what is stored, and publishes it.
    func publish(_ record: FunctionRecord) async throws {
        await routes.replace(record.name, with: try await route(record, try await RouteParts.of(record.name, store)))
    }

    /// What a function answers to. A version whose image is gone is left out; the state is that of `LATEST`.
    func route(_ record: FunctionRecord, _ parts: RouteParts) async throws -> FunctionRoute {
        var route = parts.route
        for version in parts.versions {
            let key = RunnableVersion.Key(function: version.function, version: String(version.number), revision: version.revision)
            if case .runnable(let runnable) = try await prepare(key, version.configuration, version.manifest) {
                route.versions[key.version] = runnable
            }
        }
        guard let manifest = record.manifest else {
            route.state = parts.preparation?.failure.map { .failed(reason: $0) } ?? .pending
            return route
        }
        let key = RunnableVersion.Key(function: record.name, version: "LATEST", revision: record.revision)
        switch try await prepare(key, record.configuration, manifest) {
        case .runnable(let latest): route.versions[key.version] = latest
        case .failed(let reason):
            route.state = .failed(reason: reason)
            logger.warning("a function cannot be called", metadata: ["function": "\(record.name)", "reason": "\(reason)"])
        }
        return route
    }

    private enum Preparation {
        case runnable(RunnableVersion)
        case failed(reason: String)
    }

    private func prepare(_ key: RunnableVersion.Key, _ configuration: FunctionConfiguration, _ manifest: Digest) async throws -> Preparation
    {
        guard let image = try await images.resolve(manifest.description) else {
            return .failed(
                reason: "image '\(configuration.image)' (\(manifest)) is not on this host any more; \(Self.wayToLoad(configuration.image))")
        }
        do {
            let trees = try await layers(configuration.layers, keeping: configuration.layers).trees
            return .runnable(try Self.runnable(key, configuration, image, trees))
        } catch let error as ServiceError {
            return .failed(reason: error.message)
        }
    }

    static func runnable(
        _ key: RunnableVersion.Key, _ configuration: FunctionConfiguration, _ image: ResolvedImage, _ trees: [Digest]
    ) throws(ServiceError) -> RunnableVersion {
        try RunnableVersion(
            key: key, configuration: configuration, manifest: image.manifestDigest, layers: image.diffIDs + trees,
            image: image.configuration.config)
    }

    static func wayToLoad(_ reference: String) -> String { "load it with `swiftlet image load FILE --name \(reference)`" }
}
