// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
public import Store

/// Settings that stand beside a function: how many instances it may have, and whether it may be called.
extension Catalog {
    /// Of the instances that the host may have, the part that all functions may reserve together. Source: Function Compute contract §10.
    private var mostReserved: Int { instanceLimit * 9 / 10 }

    /// Applies a PutConcurrencyInput. Calls that arrive when this returned are bounded by it.
    ///
    /// - Throws: ``ServiceError`` 404 `FunctionNotFound`, 400 `InvalidArgument`.
    public func putConcurrency(of function: String, _ input: [String: JSONValue]) async throws -> SettingRecord {
        guard let given = input["reservedConcurrency"], given != .null else {
            throw ServiceError.missing("reservedConcurrency", "the most instances of the function at work at once; 0 forbids all calls")
        }
        let part = "90 % of the \(instanceLimit) instances that the host may have (serve --max-instances)"
        guard let number = given.integer, (0...mostReserved).contains(number) else {
            throw ServiceError.invalid("reservedConcurrency", given, "it must be a whole number from 0 to \(mostReserved), \(part)")
        }
        return try await put(.concurrency, of: function, ["reservedConcurrency": .integer(Int64(number))]) { [self] in
            let others = try await store.settings(.concurrency).filter { $0.function != function }
            let reserved = others.reduce(0) { $0 + ($1.content["reservedConcurrency"]?.integer ?? 0) }
            guard number == 0 || reserved + number <= mostReserved else {
                throw ServiceError.invalid(
                    "reservedConcurrency", given,
                    "with the \(reserved) of other functions it must be at most \(mostReserved), \(part); lower one of theirs first")
            }
        }
    }

    /// - Throws: ``ServiceError`` 404 `FunctionNotFound` or `OnDemandConfigNotFound`.
    public func concurrency(of function: String) async throws -> SettingRecord {
        if let record = try await store.setting(.concurrency, of: function) { return record }
        guard try await store.function(function) != nil else { throw ServiceError.functionNotFound(function) }
        throw ServiceError(
            status: 404, code: "OnDemandConfigNotFound", message: "function '\(function)' has no concurrency configuration")
    }

    /// - Throws: ``ServiceError`` 404 `FunctionNotFound` or `OnDemandConfigNotFound`.
    public func deleteConcurrency(of function: String) async throws {
        try await turns.run { [self] in
            _ = try await concurrency(of: function)
            _ = try await store.deleteSetting(.concurrency, of: function)
            try await republish(function)
        }
    }

    /// Switches a function off: calls are refused by `InvocationDisabled` when this returns.
    ///
    /// - Throws: ``ServiceError`` 404 `FunctionNotFound`.
    public func disableInvocation(of function: String, reason: String) async throws {
        _ = try await put(.invocation, of: function, ["reason": .string(reason)])
    }

    /// Switches a function on again; it may be on already.
    ///
    /// - Throws: ``ServiceError`` 404 `FunctionNotFound`.
    public func enableInvocation(of function: String) async throws {
        try await turns.run { [self] in
            guard try await store.function(function) != nil else { throw ServiceError.functionNotFound(function) }
            if try await store.deleteSetting(.invocation, of: function) { try await republish(function) }
        }
    }

    /// A page of settings in the order of functions and qualifiers.
    ///
    /// - Parameters:
    ///   - function: nil for all.
    ///   - token: of the page before.
    /// - Throws: ``ServiceError`` 404 `FunctionNotFound`, 400 `InvalidArgument` for a token that is none.
    public func settings(
        _ kind: SettingKind, of function: String?, limit: Int, token: String?
    ) async throws -> (settings: [SettingRecord], nextToken: String?) {
        if let function, try await store.function(function) == nil { throw ServiceError.functionNotFound(function) }
        let place = (token ?? "/").split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard place.count == 2 else {
            throw ServiceError.invalid("nextToken", .string(token ?? ""), "use the nextToken of the page before")
        }
        let found = try await store.settings(kind, of: function, after: (place[0], place[1]), limit: limit + 1)
        let page = Array(found.prefix(limit))
        return (page, found.count > limit ? page.last.map { "\($0.function)/\($0.qualifier)" } : nil)
    }

    /// - Parameter check: what must hold when its turn has come.
    func put(
        _ kind: SettingKind, of function: String, qualifier: String = "", _ content: [String: JSONValue],
        check: @escaping @Sendable () async throws -> Void = {}
    ) async throws -> SettingRecord {
        try await turns.run { [self] in
            try await check()
            guard let record = try await store.putSetting(kind, of: function, qualifier: qualifier, content: content, at: now()) else {
                throw ServiceError.functionNotFound(function)
            }
            try await republish(function)
            return record
        }
    }
}

extension SettingRecord {
    /// The API's object: what was put, and the resource that it is about.
    public func json(_ host: HostIdentity) -> JSONValue {
        let resource = host.functionARN(function) + (qualifier.isEmpty ? "" : "/\(qualifier)")
        return .object(content.merging(["functionArn": .string(resource)]) { $1 })
    }
}
