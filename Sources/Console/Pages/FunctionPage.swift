// SPDX-License-Identifier: Apache-2.0
import FunctionModel

extension Console {
    /// All about one function.
    ///
    /// - Parameters:
    ///   - call: a test call that was just made, with what came of it.
    ///   - bench: cold starts that were just measured.
    func function(
        _ name: String, _ request: ConsoleRequest, _ visit: Visit, call: CallResult? = nil, bench: BenchResult? = nil
    ) async throws -> ConsoleAnswer {
        let function = try await get(Self.functionPath(name))
        let steps = FunctionSteps(try await ask("\(Self.ownPath(name))/history"))
        let instances = try await list("\(Self.functionPath(name))/instances", "instances")
        let versions = try await list("\(Self.functionPath(name))/versions", "versions")
        let aliases = try await list("\(Self.functionPath(name))/aliases", "aliases")
        let coldStarts = (try await ask("\(Self.ownPath(name))/cold-starts"))?["coldStarts"]?.array ?? []
        let triggers = try await list("\(Self.functionPath(name))/triggers", "triggers")
        let state = function["state"]?.string ?? ""
        var values: [String: Any] = [
            "name": name, "path": Self.escape(name), "state": state, "stateClass": "state-\(state.lowercased())",
            "reason": function["stateReason"]?.string ?? "", "hasReason": function["stateReason"] != nil,
            "description": function["description"]?.string ?? "", "settings": Self.settings(function),
            "invocations": steps.invocations, "errors": steps.errors, "coldStarts": steps.coldStarts,
            "coldShare": share(steps.coldStarts, of: steps.invocations), "alive": instances.count, "chart": steps.chart(name),
            "instances": instances.map(Self.instance), "hasInstances": !instances.isEmpty,
            "layers": (function["layers"]?.array ?? []).map { ["name": Self.layerWords($0)] },
            "hasLayers": !(function["layers"]?.array ?? []).isEmpty,
            "triggers": triggers.map {
                [
                    "name": $0["triggerName"]?.string ?? "", "type": $0["triggerType"]?.string ?? "",
                    "created": timeWords($0["createdTime"]?.string),
                ]
            }, "hasTriggers": !triggers.isEmpty,
        ]
        values.merge(Self.versionValues(name, versions, aliases)) { $1 }
        values.merge(Self.coldStartValues(coldStarts)) { $1 }
        values.merge(callValues(call, request, coldStarts)) { $1 }
        values.merge(Self.benchValues(bench)) { $1 }
        return try pages.page("function", title: name, visit, values)
    }

    private static func instance(_ instance: JSONValue) -> [String: Any] {
        [
            "id": instance["instanceId"]?.string ?? "", "version": Self.versionWords(instance["versionId"]?.string),
            "status": instance["status"]?.string ?? "", "statusClass": "state-\((instance["status"]?.string ?? "").lowercased())",
            "inFlight": instance["inFlight"]?.integer ?? 0,
            "since": instance["createdTimeMs"]?.integer.map { timeWords(Timestamp(milliseconds: Int64($0)).rfc3339) } ?? "",
        ]
    }

    private static func versionWords(_ version: String?) -> String { version == nil || version == "0" ? "LATEST" : version ?? "" }

    static func layerWords(_ layer: JSONValue) -> String { layer.string ?? layer["arn"]?.string ?? layer.text }

    /// What a function is made of, in the order in which people look for it.
    private static func settings(_ function: JSONValue) -> [[String: Any]] {
        let container = function["customContainerConfig"]
        func words(_ value: JSONValue?) -> String? {
            switch value {
            case .string(let text)?: text.isEmpty ? nil : text
            case .integer(let number)?: String(number)
            case .number(let number)?: short(number)
            case .bool(let flag)?: flag ? "yes" : "no"
            case .array(let elements)?: elements.isEmpty ? nil : elements.map { $0.string ?? $0.text }.joined(separator: " ")
            case .object(let members)?: members.isEmpty ? nil : (value ?? .null).text
            case .null?, nil: nil
            }
        }
        let rows: [(String, String?)] = [
            ("Image", words(container?["image"])), ("Pinned to", words(container?["resolvedImageUri"])),
            ("Entrypoint", words(container?["entrypoint"])), ("Command", words(container?["command"])),
            ("Port", words(container?["port"])), ("Health check", words(container?["healthCheckConfig"]?["httpGetUrl"])),
            ("Memory", words(function["memorySize"]).map { "\($0) MB" }), ("CPU", words(function["cpu"]).map { "\($0) vCPU" }),
            ("Calls at once in one instance", words(function["instanceConcurrency"])),
            ("Most instances", words(function["maxInstances"])), ("Time limit", words(function["timeout"]).map { "\($0) s" }),
            ("Idle time", words(function["idleTimeout"]).map { "\($0) s" }),
            (
                "Variables",
                (function["environmentVariables"]?.object?.keys.sorted()).flatMap { $0.isEmpty ? nil : $0.joined(separator: ", ") }
            ),
            ("Changed", timeWords(function["lastModifiedTime"]?.string)), ("Created", timeWords(function["createdTime"]?.string)),
        ]
        return rows.compactMap { name, value in value.map { ["name": name, "value": $0] } }
    }

    private static func coldStartValues(_ coldStarts: [JSONValue]) -> [String: Any] {
        guard let newest = coldStarts.last, let picture = ColdStartPicture(newest) else { return ["hasColdStart": false] }
        return [
            "hasColdStart": true, "coldStartPicture": picture.markup, "coldStartTotal": milliseconds(picture.total),
            "coldStartTime": timeWords(newest["startedTime"]?.string), "coldStartRequest": newest["requestId"]?.string ?? "",
            "coldStartInstance": newest["instanceId"]?.string ?? "",
        ]
    }
}
