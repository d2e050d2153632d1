// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
import Schedules
public import Store

/// Instances that are kept for `LATEST` or an alias.
extension Catalog {
    /// Applies a PutProvisionConfigInput.
    ///
    /// - Throws: ``ServiceError`` 404 `FunctionNotFound` or `AliasNotFound`, 400 `InvalidArgument`.
    public func putProvision(of function: String, qualifier: String, _ input: [String: JSONValue]) async throws -> SettingRecord {
        let plan = try CapacityPlan(provision: input, since: now())
        try CapacityPlan.requireMinimum(provision: input)
        try await checkCapacityQualifier(qualifier, of: function)
        var content = input.filter { $0.value != .null }
        content["target"] = nil
        content["defaultTarget"] = .integer(Int64(plan.base))
        return try await put(.provision, of: function, qualifier: qualifier, content)
    }

    /// Applies a PutScalingConfigInput.
    ///
    /// - Throws: as ``putProvision(of:qualifier:_:)``.
    public func putScaling(of function: String, qualifier: String, _ input: [String: JSONValue]) async throws -> SettingRecord {
        let plan = try CapacityPlan(scaling: input, since: now())
        try await checkCapacityQualifier(qualifier, of: function)
        var content = input.filter { $0.value != .null }
        content["minInstances"] = .integer(Int64(plan.base))
        content["enableOnDemandScaling"] = .bool(plan.startsOnDemand)
        return try await put(.scaling, of: function, qualifier: qualifier, content)
    }

    /// - Returns: nil where nothing was put, which is no error at Function Compute either.
    /// - Throws: ``ServiceError`` 404 `FunctionNotFound`.
    public func capacity(_ kind: SettingKind, of function: String, qualifier: String) async throws -> SettingRecord? {
        guard try await store.function(function) != nil else { throw ServiceError.functionNotFound(function) }
        return try await store.setting(kind, of: function, qualifier: qualifier)
    }

    /// Takes away what was put, if anything was.
    ///
    /// - Throws: ``ServiceError`` 404 `FunctionNotFound`.
    public func deleteCapacity(_ kind: SettingKind, of function: String, qualifier: String) async throws {
        try await turns.run { [self] in
            guard try await store.function(function) != nil else { throw ServiceError.functionNotFound(function) }
            if try await store.deleteSetting(kind, of: function, qualifier: qualifier) { try await republish(function) }
        }
    }

    /// A version alone cannot have them: an alias moves them on with it.
    private func checkCapacityQualifier(_ qualifier: String, of function: String) async throws {
        guard try await store.function(function) != nil else { throw ServiceError.functionNotFound(function) }
        guard !qualifier.utf8.allSatisfy({ (48...57).contains($0) }) else {
            throw ServiceError.invalid("qualifier", .string(qualifier), "it must be LATEST or an alias; make an alias of the version")
        }
        try await checkQualifier(qualifier, of: function)
    }
}
