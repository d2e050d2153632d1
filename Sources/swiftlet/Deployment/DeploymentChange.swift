// SPDX-License-Identifier: Apache-2.0
import FunctionModel

/// One thing that applying a file does, or would do.
struct DeploymentChange: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case create, update
        /// Nothing to do.
        case none
    }

    enum Method: Hashable, Sendable { case post, put }

    var kind: Kind
    /// `function hello`, `trigger hello/http`.
    var thing: String
    /// The fields that change, in words.
    var details: [String] = []
    var method = Method.put
    var path = ""
    var body: [String: JSONValue] = [:]

    var line: String {
        let mark = kind == .create ? "+" : kind == .update ? "~" : "="
        return "\(mark) \(thing)" + (details.isEmpty ? "" : ": " + details.joined(separator: ", "))
    }
}

/// What differs between what a file wants and what there is: pure functions.
enum DeploymentDifference {
    /// - Parameters:
    ///   - wanted: fields of CreateFunctionInput, its layers as resource names.
    ///   - current: the API's `Function`; nil where there is none.
    static func function(_ name: String, _ wanted: [String: JSONValue], current: [String: JSONValue]?) -> DeploymentChange {
        let thing = "function \(name)"
        guard let current else {
            let body = wanted.merging(["functionName": .string(name)]) { $1 }
            return DeploymentChange(kind: .create, thing: thing, method: .post, path: "/2023-03-30/functions", body: body)
        }
        var change = fields(wanted, current: current)
        (change.thing, change.path) = (thing, FunctionAnswer.path(name))
        return change
    }

    static func trigger(
        _ trigger: DesiredTrigger, of function: String, current: [String: JSONValue]?
    ) throws -> DeploymentChange {
        let thing = "trigger \(function)/\(trigger.name)"
        var wanted: [String: JSONValue] = ["qualifier": .string(trigger.qualifier), "triggerConfig": trigger.config]
        if let description = trigger.description { wanted["description"] = .string(description) }
        let path = FunctionAnswer.path(function) + "/triggers"
        guard var current else {
            wanted["triggerConfig"] = .string(trigger.config.text)
            wanted.merge(["triggerName": .string(trigger.name), "triggerType": .string(trigger.type)]) { $1 }
            return DeploymentChange(kind: .create, thing: thing, method: .post, path: path, body: wanted)
        }
        if let text = current["triggerConfig"]?.string { current["triggerConfig"] = try JSONValue(parsing: text) }
        var change = fields(wanted, current: current)
        (change.thing, change.path) = (thing, "\(path)/\(HostClient.escape(trigger.name))")
        if let config = change.body["triggerConfig"] { change.body["triggerConfig"] = .string(config.text) }
        return change
    }

    /// - Parameter setting: the last part of the path.
    static func setting(
        _ setting: String, _ wanted: [String: JSONValue], of function: String, current: [String: JSONValue]?
    ) -> DeploymentChange {
        var change = fields(wanted, current: current ?? [:])
        (change.thing, change.path) = ("\(setting) of function \(function)", "\(FunctionAnswer.path(function))/\(setting)")
        if current == nil { change.kind = .create }
        // These are put as a whole.
        if change.kind != .none { change.body = wanted }
        return change
    }

    /// - Parameter exact: fields that are wanted as they are, with nothing besides.
    static func fields(
        _ wanted: [String: JSONValue], current: [String: JSONValue], exact: Set<String> = ["environmentVariables"]
    ) -> DeploymentChange {
        var change = DeploymentChange(kind: .none, thing: "")
        for (name, value) in wanted.sorted(by: { $0.key < $1.key }) {
            let now = current[name] ?? .null
            let isSame = exact.contains(name) ? value == now || value.isEmpty && now.isEmpty : isMet(value, by: now, but: secrets(of: name))
            if isSame { continue }
            change.kind = .update
            change.body[name] = value
            change.details.append("\(name) \(words(now, of: name)) → \(words(value, of: name))")
        }
        return change
    }

    /// Whether a value has all that is wanted; more is no difference, except that an empty one clears.
    ///
    /// - Parameter secrets: members that the host keeps to itself.
    static func isMet(_ wanted: JSONValue, by current: JSONValue, but secrets: Set<String> = []) -> Bool {
        switch (wanted, current) {
        case (.object(let wanted), .object(let current)):
            if wanted.isEmpty { return current.isEmpty }
            return wanted.allSatisfy { secrets.contains($0.key) || isMet($0.value, by: current[$0.key] ?? .null, but: secrets) }
        case (.array(let wanted), .array(let current)):
            return wanted.count == current.count && zip(wanted, current).allSatisfy { isMet($0, by: $1, but: secrets) }
        // A layer is wanted by its name, and comes back with its size.
        case (.string(let name), .object(let members)): return members["arn"] == .string(name)
        case (_, .null): return wanted.isEmpty
        default:
            if let one = wanted.number, let other = current.number { return one == other }
            return wanted == current
        }
    }

    /// The password of a registry, and the key of a certificate.
    private static func secrets(of field: String) -> Set<String> {
        switch field {
        case "customContainerConfig": ["password"]
        case "certConfig": ["privateKey"]
        default: []
        }
    }

    private static func words(_ value: JSONValue, of field: String) -> String {
        if value == .null { return "nothing" }
        // Also those in the wrong place, and keys that sign tokens (RFC 7518 §6), which the host does give away.
        let signing: Set<String> = ["authConfig", "triggerConfig"].contains(field) ? ["k", "d", "p", "q", "dp", "dq", "qi"] : []
        let hidden = signing.union(["password", "privateKey"])
        let text = hidden.contains(field) ? "…" : without(hidden, value).text
        return text.count <= 60 ? text : "\(text.prefix(57))…"
    }

    private static func without(_ hidden: Set<String>, _ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let members):
            .object(members.reduce(into: [:]) { $0[$1.key] = hidden.contains($1.key) ? "…" : without(hidden, $1.value) })
        case .array(let elements): .array(elements.map { without(hidden, $0) })
        default: value
        }
    }
}
