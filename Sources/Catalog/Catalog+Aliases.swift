// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
public import Store

extension Catalog {
    /// Makes an alias from a CreateAliasInput. Calls that name it are routed by it when this returns.
    ///
    /// - Throws: ``ServiceError`` 404 `FunctionNotFound` or `VersionNotFound`, 409 `AliasAlreadyExists`, and what ``FunctionAlias`` throws.
    public func createAlias(of function: String, _ input: [String: JSONValue]) async throws -> AliasRecord {
        let alias = try FunctionAlias(creating: input)
        return try await turns.run { [self] in
            guard try await store.function(function) != nil else { throw ServiceError.functionNotFound(function) }
            guard try await store.alias(alias.name, of: function) == nil else {
                throw ServiceError(
                    status: 409, code: "AliasAlreadyExists",
                    message: "alias '\(alias.name)' of function '\(function)' already exists; update it, or delete it first")
            }
            return try await put(alias, of: function, creating: true)
        }
    }

    /// Changes an alias by an UpdateAliasInput. Calls in flight finish where they began; the next one is split by the new weights.
    ///
    /// - Throws: as ``createAlias(of:_:)``, and 404 `AliasNotFound`.
    public func updateAlias(_ name: String, of function: String, _ input: [String: JSONValue]) async throws -> AliasRecord {
        try await turns.run { [self] in
            let old = try await alias(name, of: function)
            var alias = old.alias
            try alias.apply(input)
            return alias == old.alias ? old : try await put(alias, of: function, creating: false)
        }
    }

    /// Gives an alias back what it meant before; that is a change too, so that a second roll-back takes back the first.
    ///
    /// - Parameter number: the change to go back to; nil for the one before the newest.
    /// - Throws: ``ServiceError`` 404 `FunctionNotFound`, `AliasNotFound` or `VersionNotFound`, 400 `InvalidArgument` where there is no such change.
    public func rollBackAlias(_ name: String, of function: String, to number: Int?) async throws -> AliasRecord {
        try await turns.run { [self] in
            let changes = try await aliasChanges(name, of: function)
            guard let goal = number.map({ number in changes.first { $0.number == number } }) ?? changes.dropFirst().first else {
                let known = changes.map { String($0.number) }.joined(separator: ", ")
                throw ServiceError.invalidArgument(
                    "alias '\(name)' of function '\(function)' has no \(number.map { "change \($0)" } ?? "earlier state"); its changes are \(known)"
                )
            }
            return try await put(goal.alias, of: function, creating: false)
        }
    }

    /// - Throws: ``ServiceError`` 404 `FunctionNotFound` or `AliasNotFound`.
    public func deleteAlias(_ name: String, of function: String) async throws {
        try await turns.run { [self] in
            _ = try await alias(name, of: function)
            _ = try await store.deleteAlias(name, of: function)
            for kind in [SettingKind.provision, .scaling] { _ = try await store.deleteSetting(kind, of: function, qualifier: name) }
            try await republish(function)
        }
    }

    /// - Throws: ``ServiceError`` 404 `FunctionNotFound` or `AliasNotFound`.
    public func alias(_ name: String, of function: String) async throws -> AliasRecord {
        if let record = try await store.alias(name, of: function) { return record }
        guard try await store.function(function) != nil else { throw ServiceError.functionNotFound(function) }
        throw ServiceError(status: 404, code: "AliasNotFound", message: "alias '\(name)' of function '\(function)' does not exist")
    }

    /// The versions that a qualifier stands for: an alias may stand for two.
    ///
    /// - Throws: ``ServiceError`` 404 `FunctionNotFound` or `AliasNotFound`.
    public func versions(of function: String, qualifier: String) async throws -> [String] {
        if qualifier == "LATEST" || qualifier.utf8.allSatisfy({ (48...57).contains($0) }) { return [qualifier] }
        let alias = try await alias(qualifier, of: function).alias
        return [alias.version, alias.additional?.version].compactMap { $0 }
    }

    /// The changes of an alias, newest first.
    ///
    /// - Throws: ``ServiceError`` 404 `FunctionNotFound` or `AliasNotFound`.
    public func aliasChanges(_ name: String, of function: String) async throws -> [AliasRecord] {
        _ = try await alias(name, of: function)
        return try await store.aliasChanges(name, of: function)
    }

    /// A page of aliases in the order of their names.
    ///
    /// - Throws: ``ServiceError`` 404 `FunctionNotFound`.
    public func aliases(
        of function: String, prefix: String, limit: Int, token: String?
    ) async throws -> (aliases: [AliasRecord], nextToken: String?) {
        guard try await store.function(function) != nil else { throw ServiceError.functionNotFound(function) }
        let found = try await store.aliases(of: function, prefix: prefix, after: token ?? "", limit: limit + 1)
        let page = Array(found.prefix(limit))
        return (page, found.count > limit ? page.last?.alias.name : nil)
    }

    /// Stores the alias and publishes it, where the versions that it names are there.
    private func put(_ alias: FunctionAlias, of function: String, creating: Bool) async throws -> AliasRecord {
        for version in [alias.version, alias.additional?.version].compactMap({ $0 }) where version != "LATEST" {
            guard let number = Int(version), try await store.version(number, of: function) != nil else {
                throw Self.versionNotFound(version, of: function)
            }
        }
        guard let record = try await store.putAlias(alias, of: function, creating: creating, at: now()) else {
            throw ServiceError(
                status: 409, code: "ConcurrentUpdateError", message: "alias '\(alias.name)' was changed at the same time; try again")
        }
        try await republish(function)
        return record
    }
}

extension AliasRecord {
    /// The object `Alias` of the API, with Swiftlet's own `sticky`.
    public var json: JSONValue {
        .object(
            alias.json.merging(["createdTime": .string(created.rfc3339), "lastModifiedTime": .string(modified.rfc3339)]) { $1 })
    }

    /// One change in an alias's history.
    public var changeJSON: JSONValue {
        .object(alias.json.merging(["change": .integer(Int64(number)), "changedTime": .string(modified.rfc3339)]) { $1 })
    }
}
