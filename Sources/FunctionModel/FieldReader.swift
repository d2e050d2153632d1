// SPDX-License-Identifier: Apache-2.0

/// Reads the fields of one JSON object; each error names the field by its whole path. `null` counts as absent, as it does in the SDKs.
package struct FieldReader {
    package let members: [String: JSONValue]
    /// Goes before each name in errors: empty, or `customContainerConfig.`.
    let path: String

    package init(_ members: [String: JSONValue], path: String = "") {
        self.members = members.filter { $0.value != .null }
        self.path = path
    }

    package func field(_ name: String) -> String { path + name }

    package func integer(_ name: String, _ bounds: ClosedRange<Int>, unit: String = "") throws(ServiceError) -> Int? {
        guard let value = members[name] else { return nil }
        guard let number = value.integer, bounds.contains(number) else {
            throw .invalid(field(name), value, "it must be a whole number from \(bounds.lowerBound) to \(bounds.upperBound)\(unit)")
        }
        return number
    }

    package func string(_ name: String, maximumBytes: Int, minimumBytes: Int = 0) throws(ServiceError) -> String? {
        guard let value = members[name] else { return nil }
        guard let text = value.string else { throw .invalid(field(name), value, "it must be a string") }
        guard (minimumBytes...maximumBytes).contains(text.utf8.count), !text.utf8.contains(0) else {
            throw .invalid(field(name), value, "it must have \(minimumBytes) to \(maximumBytes) bytes and no NUL")
        }
        return text
    }

    package func bool(_ name: String) throws(ServiceError) -> Bool? {
        guard let value = members[name] else { return nil }
        guard let flag = value.bool else { throw .invalid(field(name), value, "it must be true or false") }
        return flag
    }

    /// A misspelt name must not be taken for a field that was left out.
    package func onlyHas(_ names: [String]) throws(ServiceError) {
        guard let other = members.keys.sorted().first(where: { !names.contains($0) }) else { return }
        throw .invalidArgument("\(field(other)) is no field here; there are \(names.joined(separator: ", "))")
    }

    /// An empty object is there, with no members: it clears.
    package func object(_ name: String) throws(ServiceError) -> FieldReader? {
        guard let value = members[name] else { return nil }
        guard let members = value.object else { throw .invalid(field(name), value, "it must be an object") }
        return FieldReader(members, path: field(name) + ".")
    }

    /// An empty list is there: it clears.
    package func strings(_ name: String, maximumBytes: Int) throws(ServiceError) -> [String]? {
        guard let value = members[name] else { return nil }
        let words = value.array?.compactMap(\.string)
        guard let words, words.count == value.array?.count, !words.contains(where: { $0.utf8.contains(0) }) else {
            throw .invalid(field(name), value, "it must be a list of strings without NUL")
        }
        guard words.reduce(0, { $0 + $1.utf8.count + 1 }) <= maximumBytes else {
            throw .invalid(field(name), value, "its words must have at most \(maximumBytes) bytes together")
        }
        return words
    }
}
