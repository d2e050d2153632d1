// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
import Images
import Logging
import OCI
public import Store
import Synchronization

/// Definitions that several hosts share. A change is made here, in the tables of this host, and stored for the others before it is answered; where another
/// host has changed the same definition first, its change stands.
extension Catalog {
    /// What is shared from now on at the end of each turn.
    ///
    /// - Throws: as ``shareChanges()`` for what was changed before.
    public func share(through sharing: any DefinitionSharing) async throws {
        turns.afterEach { [self] in try await shareChanged(through: sharing) }
        try await shareChanges()
    }

    /// Stores what could not be stored when it was changed.
    ///
    /// - Throws: ``ServiceError`` 503 where it still cannot; 409 where another host was first.
    public func shareChanges() async throws {
        guard try await !store.changedDefinitions().isEmpty else { return }
        try await turns.run {}
    }

    private func shareChanged(through sharing: any DefinitionSharing) async throws {
        var overtaken: [DefinitionKey] = []
        for key in try await store.changedDefinitions() {
            let outcome: SharedPut
            do {
                outcome = try await sharing.put(key, try await store.definition(key), over: try await store.sharedRevision(key))
            } catch {
                logger.error("a definition cannot be shared yet", metadata: ["definition": "\(key)", "error": "\(error)"])
                throw ServiceError(
                    status: 503, code: "ServiceUnavailable",
                    message: "\(key) was changed on this host, and the others will hear of it as soon as NATS can be reached: \(error)")
            }
            switch outcome {
            case .stored(let revision): try await store.markShared(key, revision: revision)
            case .overtaken(let definition, let revision):
                try await takeOver(key, definition, revision)
                overtaken.append(key)
            }
        }
        guard overtaken.isEmpty else {
            throw ServiceError(
                status: 409, code: "ConcurrentUpdateError",
                message:
                    "another host has changed \(overtaken.map(\.description).joined(separator: ", ")) at the same time; look at it and try again"
            )
        }
    }

    /// Another host has changed a definition. Calls are routed by it when this returns, unless an image is still to come.
    public func adopt(_ key: DefinitionKey, _ definition: JSONValue?, revision: Int64) async throws {
        try await turns.run(sharing: false) { [self] in
            guard try await store.sharedRevision(key) < revision else { return }
            if try await store.changedDefinitions().contains(key) {
                logger.warning("a change that was not shared yet gives way to another host's", metadata: ["definition": "\(key)"])
            }
            try await takeOver(key, definition, revision)
        }
    }

    private func takeOver(_ key: DefinitionKey, _ definition: JSONValue?, _ revision: Int64) async throws {
        if key.kind == .function { stopPreparing(key.name) }
        try await store.adopt(key, definition, revision: revision)
        switch key.kind {
        case .function: try await routeAdopted(key.name)
        case .domain: await routes.replace(domain: key.name, with: try await store.domain(key.name).map { open($0.domain) })
        case .layer: for name in await routes.broken { try await routeAdopted(name) }
        }
    }

    private func routeAdopted(_ name: String) async throws {
        guard let record = try await store.function(name) else { return await routes.replace(name, with: nil) }
        try await publish(record)
        var missing: [String] = []
        for (image, manifest) in try await wanted(record) where try await images.resolve(manifest.description) == nil {
            missing.append(Self.pinned(image, manifest))
        }
        if !missing.isEmpty { bring(Array(Set(missing)), for: record) }
    }

    private func wanted(_ record: FunctionRecord) async throws -> [(image: String, manifest: Digest)] {
        var wanted = record.manifest.map { [(record.configuration.image, $0)] } ?? []
        for version in try await store.versions(of: record.name, limit: Int(Int32.max)) {
            wanted.append((version.configuration.image, version.manifest))
        }
        return wanted
    }

    /// The image that the other host means, whatever its name means by now.
    private static func pinned(_ image: String, _ manifest: Digest) -> String {
        let name = image.prefix { $0 != "@" }
        let path = name.lastIndex(of: "/").map { name[$0...] } ?? name[...]
        let end = path.firstIndex(of: ":") ?? name.endIndex
        return "\(name[..<end])@\(manifest)"
    }

    private func bring(_ references: [String], for record: FunctionRecord) {
        let name = record.name
        let task = Task { [self] in
            for reference in references {
                do { try await preparation.bring(reference, for: record.configuration, of: name) } catch is CancellationError {
                    return
                } catch {
                    logger.error(
                        "the image of a function that another host made cannot be brought",
                        metadata: ["function": "\(name)", "image": "\(reference)", "error": "\(error)"])
                }
            }
            do {
                try await turns.run(sharing: false) { [self] in
                    if let record = try await store.function(name) { try await publish(record) }
                }
            } catch { logger.error("a function cannot be routed", metadata: ["function": "\(name)", "error": "\(error)"]) }
        }
        preparing.withLock { $0.updateValue(task, forKey: name) }?.cancel()
    }
}
