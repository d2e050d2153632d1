// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
import Schedules
public import Store

extension Catalog {
    /// Makes a trigger from a CreateTriggerInput. It is in force when this returns.
    ///
    /// - Throws: ``ServiceError`` 404 `FunctionNotFound`, `VersionNotFound` or `AliasNotFound`, 409 `TriggerAlreadyExists`, 400
    ///   `LimitExceededError`, and what ``FunctionTrigger`` throws.
    public func createTrigger(of function: String, _ input: [String: JSONValue]) async throws -> TriggerRecord {
        let trigger = try FunctionTrigger(creating: input)
        return try await turns.run { [self] in
            guard try await store.function(function) != nil else { throw ServiceError.functionNotFound(function) }
            let others = try await store.triggers(of: function)
            guard !others.contains(where: { $0.trigger.name == trigger.name }) else { throw Self.triggerExists(trigger.name, function) }
            guard others.count < FunctionTrigger.limitPerFunction else {
                throw Self.tooManyTriggers(
                    "function '\(function)' has \(FunctionTrigger.limitPerFunction) triggers, which is the limit; delete one first")
            }
            try await check(trigger, of: function, beside: others)
            guard let record = try await store.createTrigger(trigger, of: function, id: newID(), at: now()) else {
                throw Self.triggerExists(trigger.name, function)
            }
            try await republish(function)
            return record
        }
    }

    /// Changes a trigger by an UpdateTriggerInput.
    ///
    /// - Throws: as ``createTrigger(of:_:)``, and 404 `TriggerNotFound`.
    public func updateTrigger(_ name: String, of function: String, _ input: [String: JSONValue]) async throws -> TriggerRecord {
        try await turns.run { [self] in
            let old = try await trigger(name, of: function)
            var trigger = old.trigger
            try trigger.apply(input)
            guard trigger != old.trigger else { return old }
            try await check(trigger, of: function, beside: try await store.triggers(of: function).filter { $0.id != old.id })
            guard let record = try await store.updateTrigger(trigger, of: function, at: now()) else {
                throw Self.triggerNotFound(name, function)
            }
            try await republish(function)
            return record
        }
    }

    /// - Throws: ``ServiceError`` 404 `FunctionNotFound` or `TriggerNotFound`.
    public func deleteTrigger(_ name: String, of function: String) async throws {
        try await turns.run { [self] in
            _ = try await trigger(name, of: function)
            _ = try await store.deleteTrigger(name, of: function)
            try await republish(function)
        }
    }

    /// - Throws: ``ServiceError`` 404 `FunctionNotFound` or `TriggerNotFound`.
    public func trigger(_ name: String, of function: String) async throws -> TriggerRecord {
        if let record = try await store.trigger(name, of: function) { return record }
        guard try await store.function(function) != nil else { throw ServiceError.functionNotFound(function) }
        throw Self.triggerNotFound(name, function)
    }

    /// A page of triggers in the order of their names.
    ///
    /// - Throws: ``ServiceError`` 404 `FunctionNotFound`.
    public func triggers(
        of function: String, prefix: String, limit: Int, token: String?
    ) async throws -> (triggers: [TriggerRecord], nextToken: String?) {
        guard try await store.function(function) != nil else { throw ServiceError.functionNotFound(function) }
        let found = try await store.triggers(of: function, prefix: prefix, after: token ?? "", limit: limit + 1)
        let page = Array(found.prefix(limit))
        return (page, found.count > limit ? page.last?.trigger.name : nil)
    }

    /// What a trigger must fit: its qualifier, its neighbours, and what this host can verify.
    private func check(_ trigger: FunctionTrigger, of function: String, beside others: [TriggerRecord]) async throws {
        try await checkQualifier(trigger.qualifier, of: function)
        if case .timer(let timer) = trigger.kind { try Self.check(timer) }
        guard case .http(let http) = trigger.kind else { return }
        let rival = others.first { other in
            if case .http = other.trigger.kind { other.trigger.qualifier == trigger.qualifier } else { false }
        }
        if let rival {
            throw Self.tooManyTriggers(
                "qualifier '\(trigger.qualifier)' of function '\(function)' has the HTTP trigger '\(rival.trigger.name)' already, and may have one;"
                    + " update that one, or delete it first")
        }
        if let reason = await authentication.refusal(of: http.callers) {
            throw ServiceError.invalidArgument("triggerConfig.authType: \(reason)")
        }
    }

    private static func check(_ timer: TimerTrigger) throws(ServiceError) {
        do throws(ScheduleError) { _ = try Schedule(timer: timer.cronExpression) } catch {
            throw .invalidArgument("triggerConfig.cronExpression: \(error)")
        }
    }

    /// - Throws: ``ServiceError`` 404 `VersionNotFound` or `AliasNotFound`.
    func checkQualifier(_ qualifier: String, of function: String) async throws {
        if qualifier == "LATEST" { return }
        guard qualifier.utf8.allSatisfy({ (48...57).contains($0) }) else {
            _ = try await alias(qualifier, of: function)
            return
        }
        guard let number = Int(qualifier), try await store.version(number, of: function) != nil else {
            throw Self.versionNotFound(qualifier, of: function)
        }
    }

    private static func triggerExists(_ name: String, _ function: String) -> ServiceError {
        ServiceError(
            status: 409, code: "TriggerAlreadyExists",
            message: "trigger '\(name)' of function '\(function)' already exists; update it, or delete it first")
    }

    private static func triggerNotFound(_ name: String, _ function: String) -> ServiceError {
        ServiceError(status: 404, code: "TriggerNotFound", message: "trigger '\(name)' of function '\(function)' does not exist")
    }

    private static func tooManyTriggers(_ message: String) -> ServiceError {
        ServiceError(status: 400, code: "LimitExceededError", message: message)
    }
}
