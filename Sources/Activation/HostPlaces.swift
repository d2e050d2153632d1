// SPDX-License-Identifier: Apache-2.0

/// How many instances the host has, and whether a function may have one more. A pure value.
///
/// What a function has reserved is kept free for it while it does not use it; all the rest is for whoever comes, and a tenth of the places is so whatever
/// was reserved. Instances beyond a function's reserve (old ones that still end after an update) are on places of the rest. Where more was reserved than was
/// free at that moment, nobody is sent away for it: the places go to the function as others end.
/// Source: `reservedConcurrency` of Function Compute API 2023-03-30.
package struct HostPlaces: Sendable {
    private let maximum: Int
    private var taken: [String: Int] = [:]
    private var reserved: [String: Int] = [:]
    private var alive = 0
    /// Of what is reserved, that which nobody uses.
    private var unused = 0

    package init(maximum: Int) { self.maximum = maximum }

    /// - Parameter instances: by function; in place of all that was said before.
    package mutating func reserve(_ instances: [String: Int]) {
        reserved = instances
        unused = instances.keys.reduce(0) { $0 + rest(of: $1) }
    }

    /// Whether a function may have one more instance.
    package func hasRoom(for function: String) -> Bool {
        // A host may have fewer places than when they were reserved: others are not shut out for good.
        alive + (isBelowReserve(function) ? 0 : min(unused, maximum * 9 / 10)) < maximum
    }

    /// Takes a place for an instance of a function.
    ///
    /// - Returns: false where there is none for it.
    package mutating func take(for function: String) -> Bool {
        guard hasRoom(for: function) else { return false }
        if isBelowReserve(function) { unused -= 1 }
        alive += 1
        taken[function, default: 0] += 1
        return true
    }

    /// Gives a place back that was taken for a function.
    package mutating func giveBack(of function: String) {
        guard let count = taken[function] else { preconditionFailure("function '\(function)' gives a place back that it does not have") }
        alive -= 1
        taken[function] = count == 1 ? nil : count - 1
        if isBelowReserve(function) { unused += 1 }
    }

    /// Whether the host keeps a place for it that it has not used up. Then another one may be asked to make room for it, busy or not.
    package func isBelowReserve(_ function: String) -> Bool { rest(of: function) > 0 }

    /// Whether a place that one function gives up is of use to another, and not kept for itself.
    package func isUseful(from function: String, to other: String) -> Bool {
        function == other || taken[function, default: 0] > reserved[function, default: 0]
    }

    private func rest(of function: String) -> Int { max(0, reserved[function, default: 0] - taken[function, default: 0]) }
}
