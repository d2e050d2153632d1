// SPDX-License-Identifier: Apache-2.0
import Activation
import Catalog
import FunctionModel
import Hummingbird
import NIOCore

extension ControlResponder {
    func listInstances(_ name: String, _ query: QueryItems, _ id: RequestID) async throws -> Response {
        let qualifier = query.string("qualifier")
        _ = try await catalog.get(name, qualifier: qualifier)
        var versions: [String]?
        if let qualifier { versions = try await catalog.versions(of: name, qualifier: qualifier) }
        let ids = try query.strings("instanceIds")
        let statuses = try query.strings("instanceStatus")
        let limit = try query.integer("limit", 1...1000) ?? 1000
        let startKey = query.string("startKey")
        // Only what is alive is listed, so these find nothing more; what they say must be readable all the same.
        _ = try query.bool("withAllActive")
        for name in ["startTimeMs", "endTimeMs"] { _ = try query.integer(name, 0...(.max)) }
        let alive = instances.instances(of: name)
            .filter { instance in
                (versions.map { $0.contains(instance.version) } ?? true) && (ids?.contains(instance.id.text) ?? true)
                    && (statuses?.contains(instance.status.rawValue) ?? true) && (startKey.map { instance.id.text > $0 } ?? true)
            }
            .sorted { $0.id.text < $1.id.text }
        return Response(json: ["instances": .array(alive.prefix(limit).map(\.json)), "requestId": .string(id.text)])
    }
}

extension InstanceSnapshot {
    /// The object `InstanceInfo` of the API, where `LATEST` is version 0; the calls in flight are Swiftlet's own.
    var json: JSONValue {
        [
            "instanceId": .string(id.text), "versionId": .string(version == "LATEST" ? "0" : version), "qualifier": .string(qualifier),
            "status": .string(status.rawValue), "resourceType": isProvisioned ? "Provision" : "OnDemand",
            "createdTimeMs": .integer(createdTime),
            "inFlight": .integer(Int64(inFlight)),
        ]
    }
}

extension ColdStart {
    var json: JSONValue {
        [
            "instanceId": .string(instance.text), "requestId": .string(request.text),
            "startedTime": .string(Timestamp(milliseconds: startedTime).rfc3339),
            "phases": .object(Dictionary(uniqueKeysWithValues: phases.map { ($0.phase.rawValue, Self.milliseconds($0.time)) })),
            "total": Self.milliseconds(total),
        ]
    }

    private static func milliseconds(_ time: TimeAmount) -> JSONValue { .number(Double(time.nanoseconds) / 1_000_000) }
}

extension ControlAPI.HostFacts {
    var json: JSONValue {
        [
            "version": .string(version), "stateDir": .string(stateDirectory), "listen": .string(listen),
            "startedTime": .string(started.rfc3339),
        ]
    }
}
