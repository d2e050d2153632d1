// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
import Store

/// A tag and the function that has it.
public struct TaggedFunction: Hashable, Sendable {
    public var function: String
    public var tag: FunctionTag
}

/// Tags, which label functions and mean nothing to the host.
extension Catalog {
    /// Adds tags to functions, and replaces the values of keys that they have. All of them, or none.
    ///
    /// - Throws: ``ServiceError`` 404 `FunctionNotFound`, 400 `LimitExceededError`.
    public func addTags(_ tags: [FunctionTag], to functions: [String]) async throws {
        try await changeTags(of: functions) { name, old throws(ServiceError) in
            let new = old.filter { tag in !tags.contains { $0.key == tag.key } } + tags
            guard new.count <= FunctionLimits.tags else {
                throw ServiceError(
                    status: 400, code: "LimitExceededError",
                    message: "function '\(name)' would have \(new.count) tags; at most \(FunctionLimits.tags) are allowed")
            }
            return new
        }
    }

    /// - Parameter keys: nil takes all tags away.
    /// - Throws: ``ServiceError`` 404 `FunctionNotFound`.
    public func removeTags(_ keys: [String]?, from functions: [String]) async throws {
        try await changeTags(of: functions) { _, old throws(ServiceError) in
            old.filter { tag in keys.map { !$0.contains(tag.key) } ?? false }
        }
    }

    /// A page of tags in the order of functions and keys.
    ///
    /// - Parameters:
    ///   - functions: nil for all; names that are no function have no tags.
    ///   - filter: only tags of such a key, and value where it has one; empty for all.
    ///   - token: of the page before.
    /// - Throws: ``ServiceError`` 400 `InvalidArgument` for a token that is none.
    public func tags(
        of functions: [String]?, filter: [FunctionTag], limit: Int, token: String?
    ) async throws -> (tags: [TaggedFunction], nextToken: String?) {
        var all: [TaggedFunction] = []
        for record in try await store.functions() where functions?.contains(record.name) ?? true {
            for tag in record.tags.sorted(by: { $0.key < $1.key })
            where filter.isEmpty || filter.contains(where: { $0.key == tag.key && ($0.value.isEmpty || $0.value == tag.value) }) {
                all.append(TaggedFunction(function: record.name, tag: tag))
            }
        }
        // A function's name has no slash in it.
        let place = (token ?? "/").split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard place.count == 2 else {
            throw ServiceError.invalid("NextToken", .string(token ?? ""), "use the NextToken of the page before")
        }
        let rest = all.filter { ($0.function, $0.tag.key) > (place[0], place[1]) }
        let page = Array(rest.prefix(limit))
        return (page, rest.count > limit ? page.last.map { "\($0.function)/\($0.tag.key)" } : nil)
    }

    private func changeTags(
        of functions: [String], _ change: @escaping @Sendable (String, [FunctionTag]) throws(ServiceError) -> [FunctionTag]
    ) async throws {
        try await turns.run { [self] in
            var new: [(String, [FunctionTag])] = []
            for name in functions {
                guard let record = try await store.function(name) else { throw ServiceError.functionNotFound(name) }
                new.append((name, try change(name, record.tags)))
            }
            for (name, tags) in new { try await store.setTags(tags, of: name) }
        }
    }
}
