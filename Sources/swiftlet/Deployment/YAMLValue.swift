// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Yams

/// YAML as the JSON value that it stands for, and back.
enum YAMLValue {
    /// - Throws: ``CommandFailure`` that says where the text is no YAML.
    static func parse(_ text: String, file: String) throws -> JSONValue {
        do {
            guard let node = try Yams.compose(yaml: text) else { return .null }
            return try value(node)
        } catch let error as YamlError { throw CommandFailure("'\(file)' is no YAML: \(error)") }
    }

    static func text(_ value: JSONValue) throws -> String { try Yams.serialize(node: node(value), sortKeys: false) }

    private static func value(_ node: Node) throws -> JSONValue {
        switch node {
        case .scalar(let scalar): return self.scalar(scalar, node)
        case .sequence(let sequence): return .array(try sequence.map(value))
        case .mapping(let mapping):
            var members: [String: JSONValue] = [:]
            var merged: [String: JSONValue] = [:]
            for (key, element) in mapping {
                guard let name = key.string else { throw CommandFailure("a YAML mapping has a key that is no text") }
                guard name == "<<" else {
                    members[name] = try value(element)
                    continue
                }
                let sources = try element.sequence.map { try $0.map(value) } ?? [try value(element)]
                for source in sources { merged.merge(source.object ?? [:]) { first, _ in first } }
            }
            return .object(merged.merging(members) { $1 })
        case .alias: throw CommandFailure("a YAML alias leads to no anchor")
        }
    }

    /// Only plain scalars have a type; what is quoted is text.
    private static func scalar(_ scalar: Node.Scalar, _ node: Node) -> JSONValue {
        guard scalar.style == .plain || scalar.style == .any else { return .string(scalar.string) }
        if ["", "~", "null", "Null", "NULL"].contains(scalar.string) { return .null }
        if let value = node.bool { return .bool(value) }
        if let value = node.int { return .integer(Int64(value)) }
        if let value = node.float { return .number(value) }
        return .string(scalar.string)
    }

    private static func node(_ value: JSONValue) -> Node {
        switch value {
        case .null: Node("null")
        case .bool(let value): Node(value ? "true" : "false", Tag(.bool))
        case .integer(let value): Node(String(value), Tag(.int))
        case .number(let value): Node(String(value), Tag(.float))
        // What would be read as another type is quoted.
        case .string(let text):
            if self.scalar(Node.Scalar(text), Node(text)) == .string(text), !text.hasPrefix("${") {
                Node(text)
            } else {
                Node(text, Tag(.str), .doubleQuoted)
            }
        case .array(let elements): Node.sequence(.init(elements.map(node)))
        case .object(let members):
            Node.mapping(.init(members.sorted { rank($0.key) < rank($1.key) }.map { (Node($0.key), node($0.value)) }))
        }
    }

    /// What a reader looks for first comes first.
    private static func rank(_ name: String) -> String {
        let first = ["edition", "name", "resources", "component", "props", "functionName", "triggerName", "triggerType", "image"]
        return (first.firstIndex(of: name).map { "0\($0)" } ?? "1") + name
    }
}
