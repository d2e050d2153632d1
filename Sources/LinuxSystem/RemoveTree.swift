// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Removes a file, or a folder and all in it, without ever following a link or crossing into another mount. A missing name is no error.
public func removeTree(_ directory: CInt, _ name: String) throws(SystemCallError) {
    var removal = TreeRemoval(directory: directory, name: name)
    while try !removal.advance(entries: 4096) {}
}

/// A removal that goes on in slices, for a thread that has other work.
///
/// Names are byte-exact, since a layer may hold names that are not UTF-8, and the way down is held on the heap, since a layer may be
/// thousands of folders deep. Going up opens `..`, so two descriptors are open at any depth.
public struct TreeRemoval: ~Copyable {
    private let directory: CInt
    private let name: String
    private var here: Descriptor?
    private var way: [(name: [CChar], rest: [[CChar]])] = []
    private var rest: [[CChar]] = []

    /// - Parameter directory: must stay open until the removal is done.
    public init(directory: CInt, name: String) {
        self.directory = directory
        self.name = name
    }

    /// - Returns: true when nothing is left.
    public mutating func advance(entries: Int) throws(SystemCallError) -> Bool {
        if here == nil, try begin() { return true }
        for _ in 0..<entries {
            guard let number = here?.number else { return true }
            if let entry = rest.popLast() {
                if unlinkat(number, entry, 0) == 0 || unlinkat(number, entry, AT_REMOVEDIR) == 0 || errno == ENOENT { continue }
                guard errno == ENOTEMPTY || errno == EEXIST else { throw SystemCallError(call: "unlinkat", errno: errno) }
                here = try TreeRemoval.open(number, entry)
                way.append((entry, rest))
                rest = try rawDirectoryEntries(here?.number ?? -1)
            } else if let above = way.popLast() {
                let parent = try TreeRemoval.open(number, [46, 46, 0])
                try systemCall("rmdir") { unlinkat(parent.number, above.name, AT_REMOVEDIR) }
                here = consume parent
                rest = above.rest
            } else {
                try removeDirectory(directory, name)
                here = nil
                return true
            }
        }
        return false
    }

    /// - Returns: true where the name is gone at once: it was no folder, or not there.
    private mutating func begin() throws(SystemCallError) -> Bool {
        do {
            try systemCall("unlinkat \(name)") { unlinkat(directory, name, 0) }
            return true
        } catch {
            if error.errno == ENOENT { return true }
            if error.errno != EISDIR, error.errno != EPERM { throw error }
        }
        let top = try openAt(directory, name, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW, resolve: [.noMountCrossing, .noSymbolicLinks])
        rest = try rawDirectoryEntries(top.number)
        here = consume top
        return false
    }

    private static func open(_ directory: CInt, _ name: [CChar]) throws(SystemCallError) -> Descriptor {
        Descriptor(owning: try systemCall("openat") { openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) })
    }
}
