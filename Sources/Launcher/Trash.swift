// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc
import LinuxSystem

/// Old layers and broken ones, moved aside at once and removed in small slices while nothing else is to do.
final class Trash {
    private let folder: CInt
    private var waiting: [Waiting] = []
    private var current: Removal?
    private var counter: UInt64

    private struct Waiting {
        var name: String
        /// The tree that it was, where instances may still read it.
        var tree: Digest?
    }

    private final class Removal {
        var tree: TreeRemoval
        init(_ tree: consuming TreeRemoval) { self.tree = tree }
    }

    /// - Parameter folder: `layers/.trash`, open for the life of this.
    init(folder: borrowing Descriptor, seed: UInt64) throws(SystemCallError) {
        self.folder = folder.number
        counter = seed
        waiting = try directoryEntries(folder).map { Waiting(name: $0) }
    }

    /// - Parameter isUsed: whether an instance has the tree; then it stays until the last of them has ended.
    func hasWork(_ isUsed: (Digest) -> Bool) -> Bool { current != nil || nextIndex(isUsed) != nil }

    /// - Parameter tree: what instances know it by; nil where none can have it.
    func throwAway(_ directory: CInt, _ name: String, tree: Digest? = nil) throws(SystemCallError) {
        counter += 1
        let place = "t\(counter)"
        do { try rename(directory, name, to: folder, place) } catch  where error.errno == ENOENT { return }
        waiting.append(Waiting(name: place, tree: tree))
    }

    /// Removes some entries, for about a millisecond.
    func removeSome(_ isUsed: (Digest) -> Bool) throws(SystemCallError) {
        if current == nil, let index = nextIndex(isUsed) {
            current = Removal(TreeRemoval(directory: folder, name: waiting.remove(at: index).name))
        }
        guard let removal = current else { return }
        do { if try removal.tree.advance(entries: 32) { current = nil } } catch {
            current = nil  // It stays until the next start, and is told.
            throw error
        }
    }

    private func nextIndex(_ isUsed: (Digest) -> Bool) -> Int? { waiting.lastIndex { $0.tree.map { !isUsed($0) } ?? true } }
}
