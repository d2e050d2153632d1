// SPDX-License-Identifier: Apache-2.0
import FunctionModel

/// The query of a request. The Python SDK writes a space as `+`, a list as one JSON text, and a boolean as `True` or `False`.
struct QueryItems: Sendable {
    private let items: [String: String]

    /// - Throws: ``ServiceError`` `InvalidArgument` for what is no percent-encoded UTF-8, and for a name that occurs twice.
    init(raw query: some StringProtocol) throws(ServiceError) {
        var items: [String: String] = [:]
        for pair in query.utf8.split(separator: UInt8(ascii: "&")) {
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let decoded = parts.map { part in percentDecoded(part.map { $0 == UInt8(ascii: "+") ? 0x20 : $0 }) }
            guard let name = decoded[0], let value = decoded.count > 1 ? decoded[1] : "" else {
                throw .invalidArgument("the query is not percent-encoded UTF-8")
            }
            guard items.updateValue(value, forKey: name) == nil else { throw .invalidArgument("\(name): given twice in the query") }
        }
        self.items = items
    }

    /// Everything by its name.
    var all: [String: String] { items }

    /// An empty value counts as absent.
    func string(_ name: String) -> String? { items[name].flatMap { $0.isEmpty ? nil : $0 } }

    func bool(_ name: String) throws(ServiceError) -> Bool? {
        guard let text = string(name) else { return nil }
        switch text.lowercased() {
        case "true": return true
        case "false": return false
        default: throw .invalid(name, .string(text), "it must be true or false")
        }
    }

    func integer(_ name: String, _ bounds: ClosedRange<Int>) throws(ServiceError) -> Int? {
        guard let text = string(name) else { return nil }
        guard let number = Int(text), bounds.contains(number) else {
            throw .invalid(name, .string(text), "it must be a whole number from \(bounds.lowerBound) to \(bounds.upperBound)")
        }
        return number
    }

    /// A list of strings as one JSON text.
    func strings(_ name: String) throws(ServiceError) -> [String]? {
        guard let elements = try json(name)?.array else { return nil }
        let texts = elements.compactMap(\.string)
        guard texts.count == elements.count else { throw .invalid(name, .array(elements), "it must be a JSON list of strings") }
        return texts
    }

    func json(_ name: String) throws(ServiceError) -> JSONValue? {
        guard let text = string(name) else { return nil }
        do { return try JSONValue(parsing: text) } catch { throw .invalid(name, .string(text), "it must be a JSON list; it is \(error)") }
    }
}
