// SPDX-License-Identifier: Apache-2.0

/// The name of a function: 1 to 64 letters, digits, `_` and `-`, with a letter or `_` first. It is a path segment, a host name's label and a folder.
///
/// Source: CreateFunctionInput of Function Compute API 2023-03-30.
public enum FunctionName {
    /// - Throws: ``ServiceError`` with code `InvalidArgument`.
    public static func check(_ name: String) throws(ServiceError) {
        guard isName(name) else {
            throw .invalid(
                "functionName", .string(name), "it must have 1 to 64 letters, digits, '_' and '-', and must not start with a digit or '-'")
        }
    }

    static func isName(_ name: String) -> Bool {
        let bytes = name.utf8
        guard let first = bytes.first, FunctionLimits.nameLength.contains(bytes.count) else { return false }
        let letters = bytes.allSatisfy {
            (65...90).contains($0) || (97...122).contains($0) || (48...57).contains($0) || $0 == 95 || $0 == 45
        }
        return letters && !(48...57).contains(first) && first != 45
    }
}

/// A label that the user puts on a function.
public struct FunctionTag: Hashable, Sendable {
    public var key: String
    public var value: String

    public init(key: String, value: String) {
        self.key = key
        self.value = value
    }

    /// Reads `[{"Key":…,"Value":…}]`; the names are capitalised in this one place of the API, lower case is taken too.
    public static func list(_ json: JSONValue?) throws(ServiceError) -> [FunctionTag] {
        guard let json, json != .null else { return [] }
        guard let elements = json.array, elements.count <= FunctionLimits.tags else {
            throw .invalid("tags", json, "it must be a list of at most \(FunctionLimits.tags) tags")
        }
        var tags: [FunctionTag] = []
        for element in elements {
            guard let key = (element.object?["Key"] ?? element.object?["key"])?.string, (1...128).contains(key.utf8.count),
                let value = (element.object?["Value"] ?? element.object?["value"] ?? "").string, value.utf8.count <= 128,
                !tags.contains(where: { $0.key == key })
            else { throw .invalid("tags", element, "a tag is {\"Key\":…,\"Value\":…} of at most 128 bytes each, and a key occurs once") }
            tags.append(FunctionTag(key: key, value: value))
        }
        return tags
    }

    public static func json(_ tags: [FunctionTag]) -> JSONValue {
        .array(tags.map { ["Key": .string($0.key), "Value": .string($0.value)] })
    }
}
