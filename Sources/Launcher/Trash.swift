// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem

/// Old layers and broken ones, moved aside at once and removed in small slices while nothing else is to do.
final class Trash {
    private let folder: CInt
    private var waiting: [String] = []
    private var current: Removal?
    private var counter: UInt64

    private final class Removal {
        var tree: TreeRemoval
        init(_ tree: consuming TreeRemoval) { self.tree = tree }
    }

    /// - Parameter folder: `layers/.trash`, open for the life of this.
    init(folder: borrowing Descriptor, seed: UInt64) throws(SystemCallError) {
        self.folder = folder.number
        counter = seed
        waiting = try directoryEntries(folder)
    }

    var hasWork: Bool { current != nil || !waiting.isEmpty }

    func throwAway(_ directory: CInt, _ name: String) throws(SystemCallError) {
        counter += 1
        let place = "t\(counter)"
        do { try rename(directory, name, to: folder, place) } catch  where error.errno == ENOENT { return }
        waiting.append(place)
    }

    /// Removes some entries, for about a millisecond.
    func removeSome() throws(SystemCallError) {
        if current == nil, let name = waiting.popLast() { current = Removal(TreeRemoval(directory: folder, name: name)) }
        guard let removal = current else { return }
        do { if try removal.tree.advance(entries: 32) { current = nil } } catch {
            current = nil  // It stays until the next start, and is told.
            throw error
        }
    }
}
