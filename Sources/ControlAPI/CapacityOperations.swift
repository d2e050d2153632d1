// SPDX-License-Identifier: Apache-2.0
import Activation
import Catalog
import FunctionModel
import Hummingbird
import Store

/// ProvisionConfig and ScalingConfigStatus: what was put, and how it stands.
extension ControlResponder {
    /// - Returns: nil for a method that it does not have.
    func capacity(_ kind: SettingKind, _ function: String, _ request: Request, _ query: QueryItems) async throws -> Response? {
        let qualifier = query.string("qualifier") ?? "LATEST"
        switch request.method {
        case .put:
            let input = try await request.jsonObject()
            let record =
                kind == .provision
                ? try await catalog.putProvision(of: function, qualifier: qualifier, input)
                : try await catalog.putScaling(of: function, qualifier: qualifier, input)
            return Response(json: json(kind, record))
        case .get:
            guard let record = try await catalog.capacity(kind, of: function, qualifier: qualifier) else {
                // Function Compute answers a body without a resource name; its tools look for that.
                return Response(json: .object(Self.fields(kind).merging(Self.standing(kind, (0, 0, nil))) { $1 }))
            }
            return Response(json: json(kind, record))
        case .delete:
            try await catalog.deleteCapacity(kind, of: function, qualifier: qualifier)
            return .nothing
        default: return nil
        }
    }

    func listCapacities(_ kind: SettingKind, _ query: QueryItems) async throws -> Response {
        let page = try await catalog.settings(
            kind, of: query.string("functionName"), limit: try query.integer("limit", Self.pageSizes) ?? Self.pageSize,
            token: query.string("nextToken"))
        let name = kind == .provision ? "provisionConfigs" : "scalingConfigs"
        return Response(json: Self.page(name, page.settings.map { json(kind, $0) }, page.nextToken))
    }

    private func json(_ kind: SettingKind, _ record: SettingRecord) -> JSONValue {
        let standing = instances.provisioned(of: record.function, qualifier: record.qualifier) ?? (0, 0, nil)
        let put = record.json(catalog.host).object ?? [:]
        return .object(Self.fields(kind).merging(put) { $1 }.merging(Self.standing(kind, standing)) { $1 })
    }

    /// What a field is where it was not put.
    private static func fields(_ kind: SettingKind) -> [String: JSONValue] {
        kind == .provision
            ? ["defaultTarget": 0, "alwaysAllocateCPU": true, "scheduledActions": [], "targetTrackingPolicies": []]
            : ["minInstances": 0, "enableOnDemandScaling": true, "horizontalScalingPolicies": [], "scheduledPolicies": []]
    }

    private static func standing(_ kind: SettingKind, _ standing: (current: Int, target: Int, error: String?)) -> [String: JSONValue] {
        let (current, target) = kind == .provision ? ("current", "target") : ("currentInstances", "targetInstances")
        return [
            current: .integer(Int64(standing.current)), target: .integer(Int64(standing.target)),
            "currentError": .string(standing.error ?? ""),
        ]
    }
}
