// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
import Images
import Store

extension Catalog {
    /// Creates a function from a CreateFunctionInput. It can be called when this returns, unless its image is on its way.
    ///
    /// - Throws: ``ServiceError`` 400 `InvalidArgument`, also where the host does not have the image; 409 `FunctionAlreadyExists`.
    public func create(_ input: [String: JSONValue]) async throws -> FunctionView {
        guard let given = input["functionName"], given != .null else {
            throw ServiceError.missing("functionName", "give the function a name")
        }
        guard let name = given.string else { throw ServiceError.invalid("functionName", given, "it must be a string") }
        try FunctionName.check(name)
        let configuration = try FunctionConfiguration(creating: input)
        let tags = try FunctionTag.list(input["tags"])
        try await prepareLayers(input)
        return try await turns.run { [self] in
            if try await store.function(name) != nil { throw Self.exists(name) }
            let content: FunctionContent
            if try await mustBring(configuration.image) {
                var coming = configuration
                coming.layers = try await layers(configuration.layers, keeping: []).layers
                content = FunctionContent(configuration: coming, manifest: nil)
                preparation.entrust(input, of: name)
            } else {
                content = try await self.content(name, configuration)
            }
            let id = newID()
            guard let record = try await store.createFunction(name, id: id, content: content, tags: tags, at: now()) else {
                throw Self.exists(name)
            }
            try await publish(record)
            if record.manifest == nil, let preparation = try await store.preparation(of: name) { prepare(preparation) }
            return try await view(record)
        }
    }

    /// Changes a function by an UpdateFunctionInput: an omitted field keeps its value, an empty one goes back to its default.
    ///
    /// The image's name is looked up again, so an update (even one that changes nothing else) moves the function to what the name means now.
    /// Where the image is on its way, the function stays what it is until it has come; the next update builds on what it is to become.
    /// - Throws: ``ServiceError`` 404 `FunctionNotFound`, 400 `InvalidArgument`.
    public func update(_ name: String, _ input: [String: JSONValue]) async throws -> FunctionView {
        try await prepareLayers(input)
        return try await turns.run { [self] in
            guard let old = try await store.function(name) else { throw ServiceError.functionNotFound(name) }
            let pending = try await store.preparation(of: name)
            var configuration = pending.flatMap { $0.failure == nil ? $0.configuration : nil } ?? old.configuration
            try configuration.apply(input)
            if try await mustBring(configuration.image) {
                preparation.entrust(input, of: name)
                configuration.layers = try await layers(configuration.layers, keeping: old.configuration.layers).layers
                try await beginPreparing(name, configuration)
                try await publish(old)
                return try await view(old)
            }
            let content = try await content(name, configuration, keeping: old.configuration.layers)
            stopPreparing(name)
            if content.configuration == old.configuration, content.manifest == old.manifest, pending == nil { return try await view(old) }
            guard let record = try await store.updateFunction(name, content: content, at: now()) else {
                throw ServiceError.functionNotFound(name)
            }
            try await publish(record)
            await collectLayers()
            return try await view(record)
        }
    }

    /// Deletes a function, its versions and its aliases. Calls in flight finish; new ones are answered by `FunctionNotFound` when this returns.
    ///
    /// - Throws: ``ServiceError`` 404 `FunctionNotFound`, 409 `FunctionNotEmpty` where it has triggers.
    public func delete(_ name: String) async throws {
        try await turns.run { [self] in
            let triggers = try await store.triggers(of: name)
            guard triggers.isEmpty else {
                let names = triggers.map(\.trigger.name).joined(separator: ", ")
                throw ServiceError(
                    status: 409, code: "FunctionNotEmpty", message: "function '\(name)' has active triggers (\(names)); delete them first")
            }
            stopPreparing(name)
            guard try await store.deleteFunction(name) else { throw ServiceError.functionNotFound(name) }
            await routes.replace(name, with: nil)
            await collectLayers()
        }
    }

    /// - Parameter qualifier: nil or `LATEST`, the number of a version, or an alias, which stands for its `versionId`.
    /// - Throws: ``ServiceError`` 404 `FunctionNotFound`, `VersionNotFound` or `AliasNotFound`.
    public func get(_ name: String, qualifier: String? = nil) async throws -> FunctionView {
        // Looked up first: an update that ends in between must not look as if it had come to nothing.
        let preparation = try await store.preparation(of: name)
        guard let record = try await store.function(name) else { throw ServiceError.functionNotFound(name) }
        guard let qualifier, !qualifier.isEmpty, qualifier != "LATEST" else {
            var view = try await view(record)
            view.preparation = preparation
            return view
        }
        guard qualifier.utf8.allSatisfy({ (48...57).contains($0) }) else {
            return try await get(name, qualifier: try await alias(qualifier, of: name).alias.version)
        }
        guard let number = Int(qualifier), let version = try await store.version(number, of: name) else {
            throw Self.versionNotFound(qualifier, of: name)
        }
        var view = try await view(record)
        view.version = version
        return view
    }

    /// A page of functions in the order of their names.
    ///
    /// - Parameters:
    ///   - limit: 1 to 100.
    ///   - token: of the page before.
    /// - Returns: the page, and the token of the next one where there is more.
    public func list(_ filter: FunctionFilter, limit: Int, token: String?) async throws -> (functions: [FunctionView], nextToken: String?) {
        guard filter.isPossible else { return ([], nil) }
        var views: [FunctionView] = []
        var last = token ?? ""
        while true {
            let records = try await store.functions(prefix: filter.prefix, after: last, limit: 200)
            for record in records where filter.matches(record) {
                if views.count == limit { return (views, views.last?.record.name) }
                views.append(try await view(record))
            }
            guard records.count == 200, let end = records.last?.name else { return (views, nil) }
            last = end
        }
    }

    func view(_ record: FunctionRecord) async throws -> FunctionView {
        let route = await routes.route(record.name)
        var view = FunctionView(
            record: record, version: nil, preparation: try await store.preparation(of: record.name), state: route?.state ?? .pending,
            restriction: route?.restriction, host: host)
        view.isSwitching = route?.versions["LATEST"].map { $0.key.revision != record.revision } ?? false
        return view
    }

    /// Pins the image, and makes sure before anything is stored that there is something to run.
    ///
    /// - Parameter kept: layers that the function has already.
    func content(
        _ name: String, _ configuration: FunctionConfiguration, keeping kept: [FunctionLayer] = []
    ) async throws -> FunctionContent {
        guard let image = try await images.resolve(configuration.image) else {
            throw ServiceError.invalidArgument(
                "customContainerConfig.image: this host has no image '\(configuration.image)'; \(Self.wayToLoad(configuration.image)), "
                    + "or choose one of `swiftlet image list`")
        }
        var configuration = configuration
        let trees: [Digest]
        (configuration.layers, trees) = try await layers(configuration.layers, keeping: kept)
        _ = try Self.runnable(RunnableVersion.Key(function: name, version: "LATEST", revision: 0), configuration, image, trees)
        return FunctionContent(configuration: configuration, manifest: image.manifestDigest)
    }

    func newID() -> String {
        var random = SystemRandomNumberGenerator()
        let digits = (0..<2).map { _ in String(random.next() as UInt64, radix: 16) }
        return digits.map { String(repeating: "0", count: 16 - $0.count) + $0 }.joined()
    }

    private static func exists(_ name: String) -> ServiceError {
        ServiceError(
            status: 409, code: "FunctionAlreadyExists", message: "function '\(name)' already exists; update it, or delete it first")
    }

    static func versionNotFound(_ version: String, of function: String) -> ServiceError {
        ServiceError(status: 404, code: "VersionNotFound", message: "version '\(version)' of function '\(function)' does not exist")
    }
}
