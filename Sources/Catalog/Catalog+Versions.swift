// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
public import Store

extension Catalog {
    /// Freezes the newest state of a function under the next number. It can be called when this returns.
    ///
    /// - Throws: ``ServiceError`` 404 `FunctionNotFound`, 400 `VersionPublishError` where nothing changed since the last version, 412
    ///   `FunctionNotReady` where `LATEST` itself cannot be called, 400 `InvalidArgument`.
    public func publishVersion(of name: String, description: String) async throws -> VersionRecord {
        guard description.utf8.count <= FunctionLimits.descriptionBytes else {
            throw ServiceError.invalid("description", .string(description), "it must have at most \(FunctionLimits.descriptionBytes) bytes")
        }
        return try await turns.run { [self] in
            switch await routes.route(name)?.state {
            case .active, nil: break
            case .pending:
                throw ServiceError(
                    status: 412, code: "FunctionNotReady", message: "function '\(name)' cannot be published before its image is here")
            case .failed(let reason):
                throw ServiceError(status: 412, code: "FunctionNotReady", message: "function '\(name)' cannot be published: \(reason)")
            }
            switch try await store.publishVersion(of: name, description: description, at: now()) {
            case .functionMissing: throw ServiceError.functionNotFound(name)
            case .unchanged(let version):
                throw ServiceError(
                    status: 400, code: "VersionPublishError",
                    message: "function '\(name)' has not changed since version \(version) was published; update it first")
            case .published(let version):
                try await republish(name)
                return version
            }
        }
    }

    /// Aliases that point to the version stay; a call of such an alias is refused with their names (Function Compute contract §6).
    ///
    /// - Throws: ``ServiceError`` 404 `FunctionNotFound` or `VersionNotFound`.
    public func deleteVersion(_ version: String, of name: String) async throws {
        try await turns.run { [self] in
            if try await store.function(name) == nil { throw ServiceError.functionNotFound(name) }
            guard let number = Int(version), try await store.deleteVersion(number, of: name) else {
                throw Self.versionNotFound(version, of: name)
            }
            try await republish(name)
            await collectLayers()
        }
    }

    /// A page of versions.
    ///
    /// - Parameters:
    ///   - limit: 1 to 100.
    ///   - token: of the page before.
    /// - Throws: ``ServiceError`` 404 `FunctionNotFound`, 400 `InvalidArgument` for a token that is none.
    public func versions(
        of name: String, newestFirst: Bool, limit: Int, token: String?
    ) async throws -> (versions: [VersionRecord], nextToken: String?) {
        if try await store.function(name) == nil { throw ServiceError.functionNotFound(name) }
        let after = token.flatMap { Int($0) }
        if let token, after == nil { throw ServiceError.invalid("nextToken", .string(token), "use the nextToken of the page before") }
        let found = try await store.versions(of: name, newestFirst: newestFirst, after: after, limit: limit + 1)
        let page = Array(found.prefix(limit))
        return (page, found.count > limit ? page.last.map { String($0.number) } : nil)
    }

    func republish(_ name: String) async throws {
        guard let record = try await store.function(name) else { return }
        try await publish(record)
    }
}

extension VersionRecord {
    /// The object `Version` of the API.
    public var json: JSONValue {
        [
            "versionId": .string(String(number)), "description": .string(description), "createdTime": .string(created.rfc3339),
            "lastModifiedTime": .string(created.rfc3339),
        ]
    }
}
