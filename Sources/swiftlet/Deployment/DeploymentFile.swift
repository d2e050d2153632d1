// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc

/// A function as a file wants it to be.
struct DesiredFunction: Hashable, Sendable {
    var name: String
    /// Fields of CreateFunctionInput without the name, layers aside.
    var fields: [String: JSONValue]
    /// As written: `NAME:VERSION`, or a resource name of any account; nil where the file says nothing.
    var layers: [String]?
    var triggers: [DesiredTrigger] = []
    /// By the last part of their path, for example `concurrency`.
    var settings: [String: [String: JSONValue]] = [:]
}

struct DesiredTrigger: Hashable, Sendable {
    var name: String
    var type: String
    var qualifier: String
    var config: JSONValue
    var description: String?
}

/// The functions and custom domains of a Serverless Devs file: the resources whose component is `fc3` or `fc3-domain`.
///
/// Source: the schemas of these components. Variables `${vars.…}`, `${resources.…}`, `${env('NAME')}` and `${env('NAME','else')}` are put in.
struct DeploymentFile {
    /// What is set beside the function itself, and where.
    private static let settings = [
        "concurrencyConfig": "concurrency", "asyncInvokeConfig": "async-invoke-config", "provisionConfig": "provision-config",
        "scalingConfig": "scaling-config",
    ]
    /// What means something to the cloud only; `code` is what other runtimes have in place of an image.
    private static let ignored: Set<String> = [
        "region", "code", "functionName", "triggers", "layers", "tags", "annotations", "customDomain",
    ]
    /// What this command would have to make and does not.
    private static let refused = ["aliases", "vpcBinding"]

    private(set) var functions: [DesiredFunction] = []
    /// To be made when the functions are.
    private(set) var domains: [DesiredDomain] = []
    /// What was left aside, for people.
    private(set) var notes: [String] = []

    init(_ document: JSONValue, file: String, environment: @escaping (String) -> String?) throws {
        guard let resources = document.object?["resources"]?.object, !resources.isEmpty else {
            throw CommandFailure("'\(file)' has no resources: a Serverless Devs file has resources with `component: fc3`")
        }
        let variables = DeploymentVariables(document: document, environment: environment)
        for (name, resource) in resources.sorted(by: { $0.key < $1.key }) {
            guard let component = resource.object?["component"]?.string else { throw CommandFailure("resource '\(name)' has no component") }
            let kind = component.split(separator: "@").first.map(String.init) ?? component
            guard ["fc3", "fc3-domain"].contains(kind) else {
                notes.append("resource '\(name)' is left aside: its component is '\(component)', and only fc3 and fc3-domain are known")
                continue
            }
            guard let props = try variables.resolve(resource.object?["props"] ?? .null).object else {
                throw CommandFailure("resource '\(name)' has no props")
            }
            if kind == "fc3-domain" {
                try add(DesiredDomain.whole(props, resource: name), resource: name)
                continue
            }
            let function = try function(props, resource: name)
            functions.append(function)
            if let domain = props["customDomain"], domain != .null {
                try add(DesiredDomain.of(function.name, domain, resource: name), resource: name)
            }
        }
    }

    private mutating func add(_ domain: DesiredDomain?, resource: String) throws {
        guard let domain else {
            notes.append("resource '\(resource)': the domain auto is left aside, its name is made up in the cloud only")
            return
        }
        if let index = domains.firstIndex(where: { $0.name == domain.name }) {
            domains[index] = try domains[index].merged(with: domain)
        } else {
            domains.append(domain)
        }
    }

    private mutating func function(_ props: [String: JSONValue], resource: String) throws -> DesiredFunction {
        guard let name = props["functionName"]?.string else { throw CommandFailure("resource '\(resource)': functionName is missing") }
        for field in Self.refused where !(props[field]?.isEmpty ?? true) {
            throw CommandFailure(
                "resource '\(resource)': \(field) is not made by apply; take it out, and make it by its own verb or the API")
        }
        var function = DesiredFunction(name: name, fields: [:])
        for (field, value) in props.sorted(by: { $0.key < $1.key }) where value != .null {
            if let path = Self.settings[field] {
                guard let members = value.object else { throw CommandFailure("resource '\(resource)': \(field) must be a mapping") }
                function.settings[path] = members
            } else if value == "auto" || value == "Auto", field != "customDomain" {
                notes.append("resource '\(resource)': \(field): auto is left aside, it is made in the cloud only")
            } else if field == "environmentVariables" {
                function.fields[field] = .object((value.object ?? [:]).mapValues { $0.string == nil ? .string($0.text) : $0 })
            } else if !Self.ignored.contains(field) {
                function.fields[field] = value
            }
        }
        if props["code"] != nil { notes.append("resource '\(resource)': code is left aside: a function of this host runs an image") }
        if let layers = props["layers"] {
            guard let words = layers.array?.map(\.string), !words.contains(nil) else {
                throw CommandFailure("resource '\(resource)': layers must be a list of resource names or NAME:VERSION")
            }
            function.layers = words.compactMap { $0 }
        }
        function.triggers = try (props["triggers"]?.array ?? []).map { try Self.trigger($0, resource: resource) }
        return function
    }

    private static func trigger(_ value: JSONValue, resource: String) throws -> DesiredTrigger {
        guard let members = value.object, let name = members["triggerName"]?.string, let type = members["triggerType"]?.string else {
            throw CommandFailure("resource '\(resource)': a trigger needs triggerName and triggerType")
        }
        var config = members["triggerConfig"] ?? .object([:])
        if let text = config.string { config = try JSONValue(parsing: text) }
        return DesiredTrigger(
            name: name, type: type, qualifier: members["qualifier"].map { $0.string ?? $0.text } ?? "LATEST", config: config,
            description: members["description"]?.string)
    }
}

/// `${…}` in the texts of a file.
struct DeploymentVariables {
    let document: JSONValue
    let environment: (String) -> String?

    func resolve(_ value: JSONValue, depth: Int = 0) throws -> JSONValue {
        switch value {
        case .string(let text): try resolve(text: text, depth: depth)
        case .array(let elements): .array(try elements.map { try resolve($0, depth: depth) })
        case .object(let members): .object(try members.mapValues { try resolve($0, depth: depth) })
        default: value
        }
    }

    /// A text that is one variable and nothing else keeps the variable's type.
    private func resolve(text: String, depth: Int) throws -> JSONValue {
        guard let start = text.firstRange(of: "${") else { return .string(text) }
        guard depth < 20 else { throw CommandFailure("the variables in '\(text)' lead to each other in a circle") }
        guard let end = text[start.upperBound...].firstIndex(of: "}") else {
            throw CommandFailure("'\(text)': a variable begins and does not end")
        }
        let found = try resolve(try look(up: text[start.upperBound..<end].trimming()), depth: depth + 1)
        let before = text[..<start.lowerBound]
        let after = text[text.index(after: end)...]
        if before.isEmpty, after.isEmpty { return found }
        let rest = try resolve(text: String(after), depth: depth)
        return .string(before + (found.string ?? found.text) + (rest.string ?? rest.text))
    }

    private func look(up expression: String) throws -> JSONValue {
        if expression.hasPrefix("env(") || expression.hasPrefix("env.") {
            let words = expression.dropFirst(4).split { $0 == "," || $0 == ")" }.map { $0.trimming().trimming { $0 == "'" || $0 == "\"" } }
            guard let name = words.first else { throw CommandFailure("${\(expression)} names no variable of the environment") }
            if let value = environment(name) ?? (words.count > 1 ? words[1] : nil) { return .string(value) }
            throw CommandFailure("${\(expression)}: \(name) is not set in the environment")
        }
        var value = document
        for part in expression.split(separator: ".") {
            guard let next = value.object?[String(part)] else {
                throw CommandFailure("${\(expression)} leads to nothing; known are ${vars.…}, ${resources.…} and ${env('NAME')}")
            }
            value = next
        }
        return value
    }
}

extension StringProtocol {
    func trimming(_ isTrimmed: (Character) -> Bool = { $0 == " " }) -> String {
        var rest = Substring(self)
        while let first = rest.first, isTrimmed(first) { rest.removeFirst() }
        while let last = rest.last, isTrimmed(last) { rest.removeLast() }
        return String(rest)
    }
}
