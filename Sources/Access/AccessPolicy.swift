// SPDX-License-Identifier: Apache-2.0
public import FunctionModel

/// What a caller wants to do with a function, or with the host.
public enum AccessAction: String, Hashable, Sendable, CaseIterable {
    /// Look at definitions, lists and logs.
    case read
    /// Call functions.
    case invoke
    /// Change things; it includes looking at them.
    case manage
}

/// What the holder of a key may do, and with which functions.
public struct AccessPolicy: Hashable, Sendable {
    public var actions: Set<AccessAction>
    /// Names of functions; one that ends in `*` stands for all names that begin so.
    public var functions: [String]

    public init(actions: Set<AccessAction> = Set(AccessAction.allCases), functions: [String] = ["*"]) {
        self.actions = actions
        self.functions = functions
    }

    public static let everything = AccessPolicy()
    public static let nothing = AccessPolicy(actions: [], functions: [])

    /// Names and patterns of a policy, at most.
    private static let mostFunctions = 100

    /// Reads `{"allow":["read","invoke"],"functions":["prod-*"]}`; either may be left out and then means all.
    ///
    /// - Throws: ``ServiceError`` with code `InvalidArgument`.
    public init(_ input: [String: JSONValue]) throws(ServiceError) {
        self.init()
        if let value = input["allow"], value != .null {
            guard let words = value.array, !words.isEmpty else {
                throw .invalid("allow", value, "it must be a list of read, invoke and manage")
            }
            actions = []
            for word in words {
                guard let action = word.string.flatMap(AccessAction.init) else {
                    throw .invalid("allow", word, "it must be read, invoke or manage")
                }
                actions.insert(action)
            }
        }
        if let value = input["functions"], value != .null {
            guard let words = value.array, !words.isEmpty, words.count <= Self.mostFunctions else {
                throw .invalid("functions", value, "it must be a list of 1 to \(Self.mostFunctions) names of functions")
            }
            functions = []
            for word in words {
                guard let pattern = word.string, Self.isPattern(pattern) else {
                    throw .invalid("functions", word, "it must be the name of a function, or its begin and a *")
                }
                functions.append(pattern)
            }
        }
    }

    private static func isPattern(_ text: String) -> Bool {
        let name = text.hasSuffix("*") ? text.dropLast() : text[...]
        return name.utf8.count <= 64 && !text.isEmpty
            && name.utf8.allSatisfy {
                (65...90).contains($0) || (97...122).contains($0) || (48...57).contains($0) || $0 == 95 || $0 == 45
            }
    }

    public var json: [String: JSONValue] {
        [
            "allow": .array(AccessAction.allCases.filter(actions.contains).map { .string($0.rawValue) }),
            "functions": .array(functions.map { .string($0) }),
        ]
    }

    /// - Parameter function: nil for what belongs to the host as a whole.
    public func allows(_ action: AccessAction, function: String?) -> Bool {
        guard actions.contains(action) || (action == .read && actions.contains(.manage)) else { return false }
        if let function { return covers(function) }
        // Whoever may look at one function may look at what all of them share.
        return action == .read || functions.contains("*")
    }

    /// Whether the policy speaks of a function at all.
    public func covers(_ function: String) -> Bool {
        functions.contains { $0.hasSuffix("*") ? function.hasPrefix($0.dropLast()) : function == $0 }
    }

    /// Whether its holder could do everything, so also make other keys.
    public var isEverything: Bool { actions.contains(.manage) && functions.contains("*") }
}

/// Who asks, as far as the host knows.
public struct AccessCaller: Hashable, Sendable {
    /// The access key; nil on a host without keys.
    public var key: String?
    public var policy: AccessPolicy

    public init(key: String?, policy: AccessPolicy) {
        self.key = key
        self.policy = policy
    }

    /// Everyone, on a host without keys.
    public static let anyone = AccessCaller(key: nil, policy: .everything)

    /// - Parameter function: nil for what belongs to the host as a whole.
    /// - Throws: ``ServiceError`` 403 `AccessDenied`.
    public func require(_ action: AccessAction, function: String?) throws(ServiceError) {
        if policy.allows(action, function: function) { return }
        let thing = function.map { "function '\($0)'" } ?? "this host"
        throw ServiceError(
            status: 403, code: "AccessDenied",
            message: "access key '\(key ?? "")' may not \(action.rawValue) \(thing); `swiftlet key list` shows what each key may do")
    }
}
