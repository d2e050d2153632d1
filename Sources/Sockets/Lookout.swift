// SPDX-License-Identifier: Apache-2.0

/// Whether to look for news for a moment before sleeping.
///
/// A thread that sleeps is woken by whoever sends to it, and to sleep and be woken takes both of them about as long as a short call's function takes to
/// answer. So who waits for little is better off awake. Where looking has been in vain, it is left off, and tried again now and then.
package struct Lookout {
    /// For how long, in nanoseconds: no longer than sleeping costs, so that at worst the two together cost twice what the better one does.
    static let time: Int64 = 10_000
    private static let most = 16
    private static let forFound = 4
    private static let tryAgain = 32

    /// How many more times it may be in vain.
    private var trust = most
    private var leftOff = 0

    package init() {}

    package mutating func looksFirst() -> Bool {
        if trust > 0 { return true }
        leftOff += 1
        guard leftOff == Self.tryAgain else { return false }
        leftOff = 0
        return true
    }

    package mutating func hasLooked(found: Bool) { trust = found ? min(Self.most, trust + Self.forFound) : max(0, trust - 1) }
}
