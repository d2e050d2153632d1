// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
public import Store

extension Catalog {
    /// Makes or replaces the asynchronous configuration of a qualifier from a PutAsyncInvokeConfigInput.
    ///
    /// - Throws: ``ServiceError`` 404 `FunctionNotFound`, `VersionNotFound` or `AliasNotFound`, 400 `InvalidArgument`.
    public func putAsyncConfig(of function: String, qualifier: String, _ input: [String: JSONValue]) async throws -> AsyncConfigRecord {
        let config = try AsyncInvokeConfig(input)
        return try await turns.run { [self] in
            _ = try await get(function, qualifier: qualifier)
            for destination in [config.onSuccess, config.onFailure] {
                guard case .function(let name, let qualifier, _) = destination else { continue }
                _ = try await get(name, qualifier: qualifier)
            }
            guard let record = try await store.putAsyncConfig(config, of: function, qualifier: qualifier, at: now()) else {
                throw ServiceError.functionNotFound(function)
            }
            try await republish(function)
            return record
        }
    }

    /// - Throws: ``ServiceError`` 404 `FunctionNotFound` or `AsyncConfigNotExists`.
    public func asyncConfig(of function: String, qualifier: String) async throws -> AsyncConfigRecord {
        if let record = try await store.asyncConfig(of: function, qualifier: qualifier) { return record }
        throw try await asyncConfigMissing(function, qualifier)
    }

    /// - Throws: ``ServiceError`` 404 `FunctionNotFound` or `AsyncConfigNotExists`.
    public func deleteAsyncConfig(of function: String, qualifier: String) async throws {
        try await turns.run { [self] in
            guard try await store.deleteAsyncConfig(of: function, qualifier: qualifier) else {
                throw try await asyncConfigMissing(function, qualifier)
            }
            try await republish(function)
        }
    }

    /// A page of configurations in the order of function and qualifier.
    ///
    /// - Parameter token: of the page before.
    /// - Throws: ``ServiceError`` 400 `InvalidArgument` for a token that is none.
    public func asyncConfigs(
        of function: String?, limit: Int, token: String?
    ) async throws -> (configs: [AsyncConfigRecord], nextToken: String?) {
        var after = (function: "", qualifier: "")
        if let token {
            let parts = token.split(separator: "/", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { throw ServiceError.invalid("nextToken", .string(token), "use the nextToken of the page before") }
            after = (parts[0], parts[1])
        }
        let found = try await store.asyncConfigs(of: function, after: after, limit: limit + 1)
        let page = Array(found.prefix(limit))
        return (page, found.count > limit ? page.last.map { "\($0.function)/\($0.qualifier)" } : nil)
    }

    private func asyncConfigMissing(_ function: String, _ qualifier: String) async throws -> ServiceError {
        guard try await store.function(function) != nil else { return .functionNotFound(function) }
        return ServiceError(
            status: 404, code: "AsyncConfigNotExists",
            message:
                "function '\(function)' has no asynchronous configuration for '\(qualifier)'; the defaults hold, put one to change them")
    }
}

extension AsyncConfigRecord {
    /// The object `AsyncConfig` of the API, with Swiftlet's own `retry…` fields.
    public func json(_ host: HostIdentity) -> JSONValue {
        .object(
            config.json.merging([
                "functionArn": .string("\(host.functionARN(function))/\(qualifier)"), "createdTime": .string(created.rfc3339),
                "lastModifiedTime": .string(modified.rfc3339),
            ]) { $1 })
    }
}
