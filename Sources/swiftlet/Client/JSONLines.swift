// SPDX-License-Identifier: Apache-2.0
import FunctionModel

/// Cuts an answer of one JSON object a line into objects.
struct JSONLines {
    private var pending: [UInt8] = []

    mutating func append(_ bytes: some Sequence<UInt8>) throws -> [[String: JSONValue]] {
        try appendRaw(bytes).map { line in
            guard let members = try JSONValue(parsing: line).object else {
                throw CommandFailure("the host sent a line that is no JSON object")
            }
            return members
        }
    }

    /// The lines themselves.
    mutating func appendRaw(_ bytes: some Sequence<UInt8>) -> [[UInt8]] {
        pending += bytes
        guard let end = pending.lastIndex(of: 10) else { return [] }
        let lines = pending[..<end].split(separator: 10).map(Array.init)
        pending.removeSubrange(...end)
        return lines
    }
}
