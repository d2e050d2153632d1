// SPDX-License-Identifier: Apache-2.0
public import Access
public import FunctionModel
public import Images
public import Logging
public import Store
import Synchronization

/// The functions of this host and their versions: what there is, what it is made of, and what can be called now.
///
/// Changes are made one after the other, in the order in which they came. Each is on disk, and the gateway has the new routes, before it is answered.
public final class Catalog: Sendable {
    public let host: HostIdentity
    let store: Store
    let images: ImageLibrary
    let routes: Routes
    let turns = TurnQueue()
    let instanceLimit: Int
    let authentication: any CallAuthentication
    let certificates: any DomainCertificates
    /// Seals the private keys of domains; nil where there can be none.
    let box: SecretBox?
    let preparation: any ImagePreparation
    /// By function.
    let preparing = Mutex<[String: Task<Void, Never>]>([:])
    let logger: Logger
    let now: @Sendable () -> Timestamp

    /// - Parameters:
    ///   - subscriber: gets each new ``RoutingSnapshot``.
    ///   - instanceLimit: the most instances of the host.
    ///   - preparation: brings images that are not here.
    ///   - certificates: says which certificates of domains this host can show, and `box` seals their keys in the store.
    ///   - authentication: says which HTTP triggers this host can guard.
    ///   - now: the time of a change.
    public init(
        store: Store, images: ImageLibrary, subscriber: any RoutingSubscriber, host: HostIdentity = HostIdentity(),
        instanceLimit: Int = 300, preparation: any ImagePreparation = LoadedImagesOnly(),
        authentication: any CallAuthentication = AnonymousOnly(),
        certificates: any DomainCertificates = PlainHTTPOnly(), box: SecretBox? = nil, logger: Logger,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.store = store
        self.images = images
        self.host = host
        self.instanceLimit = instanceLimit
        self.authentication = authentication
        self.certificates = certificates
        self.box = box
        self.preparation = preparation
        self.logger = logger
        self.now = now
        routes = Routes(subscriber: subscriber)
    }

    /// Reads what is stored and publishes the first snapshot. Call it once, before anything else.
    ///
    /// A function whose image is gone is not an error of the host: its state is `Failed`, with the reason.
    public func start() async throws {
        try await turns.run { [self] in
            let parts = try await RouteParts.all(store)
            var all: [String: FunctionRoute] = [:]
            for record in try await store.functions() {
                all[record.name] = try await route(record, parts[record.name] ?? RouteParts())
            }
            let domains = try await store.domains().map { ($0.domain.name, open($0.domain)) }
            await routes.replaceAll(all, domains: Dictionary(domains) { $1 })
            for record in try await store.preparations() where record.failure == nil { prepare(record) }
        }
    }

    /// How many functions are in each state, by the words of the API.
    public func states() async -> [String: Int] {
        var counts = ["active": 0, "pending": 0, "failed": 0]
        for state in await routes.states {
            switch state {
            case .active: counts["active", default: 0] += 1
            case .pending: counts["pending", default: 0] += 1
            case .failed: counts["failed", default: 0] += 1
            }
        }
        return counts
    }

    /// Tries again to find the images of functions that have lost theirs; call it after an image was loaded.
    ///
    /// Where the image that a function was pinned to stays lost, its name may mean another one now: `LATEST` is pinned to that one. Versions never are.
    public func imagesChanged() async throws {
        try await turns.run { [self] in
            for name in await routes.broken {
                guard var record = try await store.function(name) else { continue }
                let isHere = if let manifest = record.manifest { try await images.resolve(manifest.description) != nil } else { false }
                if !isHere, let image = try await images.resolve(record.configuration.image) {
                    let content = FunctionContent(configuration: record.configuration, manifest: image.manifestDigest)
                    record = try await store.updateFunction(name, content: content, at: now()) ?? record
                }
                try await publish(record)
            }
        }
    }

    /// Takes an image's name away, unless a function or version needs the image.
    ///
    /// - Throws: ``ServiceError`` 404 `ImageNotFound`, 409 `ImageInUse` naming the functions.
    public func removeImage(_ reference: String) async throws {
        try await turns.run { [self] in
            let names = try await images.inspect(reference).references
            try await images.remove(reference) { image in
                // With one of several names removed, the image stays: only who uses that name would miss it.
                let onlyThisName = names.count > 1 && names.contains(image.reference)
                return try await users(of: image.manifestDigest, under: onlyThisName ? image.reference : nil)
            }
        }
    }

    /// - Parameter reference: only those who call the image so; nil for all.
    private func users(of manifest: Digest, under reference: String?) async throws -> [String] {
        var users: [(image: String, words: String)] = []
        for record in try await store.functions() where record.manifest == manifest {
            users.append((record.configuration.image, "function '\(record.name)'"))
        }
        for version in try await store.versions() where version.manifest == manifest {
            users.append((version.configuration.image, "version \(version.number) of function '\(version.function)'"))
        }
        guard let reference else { return users.map(\.words) }
        var remaining: [String] = []
        for user in users where try await images.resolve(user.image)?.reference == reference { remaining.append(user.words) }
        return remaining
    }
}
