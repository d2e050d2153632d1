// SPDX-License-Identifier: Apache-2.0
public import Access
public import FunctionModel
import Store

/// Which functions a list is to show. Function Compute does not say how it compares; here a part of name or description is enough.
public struct FunctionFilter: Hashable, Sendable {
    public var prefix: String
    public var name: String?
    public var description: String?
    public var tags: [FunctionTag]
    /// Shows only functions that it speaks of.
    public var policy: AccessPolicy
    /// False where the request asks for a kind of function that this host cannot have.
    public var isPossible: Bool

    public init(
        prefix: String = "", name: String? = nil, description: String? = nil, tags: [FunctionTag] = [], policy: AccessPolicy = .everything,
        isPossible: Bool = true
    ) {
        self.prefix = prefix
        self.name = name
        self.description = description
        self.tags = tags
        self.policy = policy
        self.isPossible = isPossible
    }

    /// Everything but the prefix, which the store's index finds.
    func matches(_ record: FunctionRecord) -> Bool {
        policy.covers(record.name) && (name.map { record.name.contains($0) } ?? true)
            && (description.map { record.configuration.description.contains($0) } ?? true)
            && tags.allSatisfy { record.tags.contains($0) }
    }
}
