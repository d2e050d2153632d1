// SPDX-License-Identifier: Apache-2.0
import FunctionModel

extension JSONValue {
    subscript(_ name: String) -> JSONValue? { object?[name] }
}

/// How pages ask the API.
extension Console {
    func get(_ path: String) async throws -> JSONValue { try await host.api("GET", path, nil) }

    /// Nil where this host does not have the operation, or the thing.
    func ask(_ path: String) async throws -> JSONValue? {
        do { return try await get(path) } catch let error as ServiceError where [400, 404, 405, 501].contains(error.status) { return nil }
    }

    /// All elements of a list that comes in pages; empty where this host does not have it.
    func list(_ path: String, _ name: String) async throws -> [JSONValue] {
        var elements: [JSONValue] = []
        var token: String?
        repeat {
            let next = token.map { "&nextToken=\(Self.escape($0))" } ?? ""
            guard let page = try await ask("\(path)\(path.contains("?") ? "&" : "?")limit=100\(next)") else { return elements }
            elements += page[name]?.array ?? []
            token = page["nextToken"]?.string
        } while !(token ?? "").isEmpty && elements.count < 1000
        return elements
    }

    static func functionPath(_ name: String) -> String { "/2023-03-30/functions/\(escape(name))" }
    static func ownPath(_ name: String) -> String { "/swiftlet/v1/functions/\(escape(name))" }

    /// A segment of a path, or a value of a query: everything but letters, digits, `-`, `_`, `.` and `~` is escaped.
    static func escape(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        let bytes = text.utf8.flatMap { byte -> [UInt8] in
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 95, 126: [byte]
            default: [37, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A number of bytes for people, with powers of ten.
func sizeWords(_ bytes: Int) -> String {
    var value = Double(bytes)
    for unit in ["B", "kB", "MB", "GB"] {
        if value < 1000 { return unit == "B" ? "\(bytes) B" : "\(short((value * 10).rounded() / 10)) \(unit)" }
        value /= 1000
    }
    return "\(short((value * 10).rounded() / 10)) TB"
}

/// `2026-01-31T23:59:59Z` as `2026-01-31 23:59:59`.
func timeWords(_ text: String?) -> String {
    guard let text, text.count >= 19 else { return text ?? "" }
    return String(text.prefix(19)).replacing("T", with: " ")
}
