// SPDX-License-Identifier: Apache-2.0
import LinuxSystem

/// What instances that have ended leave to the next ones of the same owner: it is dear to make and to take down, and lies ready for half a second.
struct LeftBehind<Item> {
    /// Nanoseconds. Starts that follow each other more slowly leave time to make a new one.
    private static var keep: UInt64 { 500_000_000 }
    private static var most: Int { 16 }

    private var items: [(item: Item, owner: String, end: UInt64)] = []

    /// When the oldest goes, by ``monotonicNanoseconds()``; nil where there is none.
    var nextEnd: UInt64? { items.first?.end }

    /// - Returns: the oldest, where there is no place for it any more.
    mutating func add(_ item: Item, of owner: String) -> Item? {
        items.append((item, owner, monotonicNanoseconds() + Self.keep))
        return items.count > Self.most ? items.removeFirst().item : nil
    }

    /// The oldest of an owner that `isFit`.
    mutating func take(by owner: String, where isFit: (Item) throws(SystemCallError) -> Bool) throws(SystemCallError) -> Item? {
        for (index, one) in items.enumerated() where one.owner == owner {
            guard try isFit(one.item) else { continue }
            items.remove(at: index)
            return one.item
        }
        return nil
    }

    /// Takes out what is meant, whosever it is.
    mutating func remove(where isMeant: (Item) -> Bool) -> [Item] {
        defer { items.removeAll { isMeant($0.item) } }
        return items.map(\.item).filter(isMeant)
    }

    /// Those that nobody came for.
    mutating func expired(at now: UInt64) -> [Item] {
        let count = items.prefix { $0.end <= now }.count
        defer { items.removeFirst(count) }
        return items.prefix(count).map(\.item)
    }
}
