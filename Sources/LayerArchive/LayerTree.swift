// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc
import LinuxSystem

/// The tree that a layer becomes: makes, replaces and removes its entries below one folder.
///
/// No path of the archive is ever walked by the C library. A folder is opened through openat2(2), to which the layer's root is `/` for every
/// step; the last name is then made, opened or changed beside that descriptor, never through a link (CVE-2021-32760, CVE-2025-47290).
final class LayerTree {
    let root: CInt
    private let ownsRoot: Bool
    let limits: UnpackLimits
    let room: LayerRoom
    var folders = FolderRecords()
    /// Bytes that the holes of further files may have.
    var holesLeft: UInt64
    /// Whether a folder with the setgid bit was made: what is made below it has its group and not ours.
    var hasGroupFolder = false
    /// The folder of the last entry: most entries lie beside the one before. Dropped whenever something is removed.
    private var recent: (path: [UInt8], folder: OpenFolder)?

    /// - Parameter root: borrowed, unless `ownsRoot` is set.
    init(root: CInt, limits: UnpackLimits, room: LayerRoom, ownsRoot: Bool = false) {
        self.root = root
        self.limits = limits
        self.room = room
        self.ownsRoot = ownsRoot
        holesLeft = limits[.sparse]
    }

    deinit { if ownsRoot { close(root) } }

    /// The folder with this path, made where it is missing.
    func folder(_ path: [UInt8], of entry: EntryPath) throws(LayerRefusal) -> OpenFolder {
        if let recent, recent.path == path { return recent.folder }
        var links = 40
        let folder = try open(path, links: &links, of: entry)
        recent = (path, folder)
        return folder
    }

    /// Opens a folder, and makes what is missing of it as a plain folder of root's. A symbolic link of this layer is followed inside the layer,
    /// also where it leads to what only a lower layer has: that folder is then made in this layer too, and the overlay merges the two.
    private func open(_ path: [UInt8], links: inout Int, of entry: EntryPath) throws(LayerRefusal) -> OpenFolder {
        let flags = OpenFlags.path | O_DIRECTORY
        if let found = try openExisting(path, flags: flags, of: entry) { return found }
        let (head, name) = split(path)
        let above = try open(head, links: &links, of: entry)
        if name == [UInt8(ascii: "."), UInt8(ascii: ".")] || name == [UInt8(ascii: ".")] {
            guard let found = try openExisting(path, flags: flags, of: entry) else { throw notFolder(path, of: entry) }
            return found
        }
        let leaf = byteName(name)
        // One entry may lie below hundreds of folders that no other names.
        try room.use(0, entry)
        if mkdirat(above.number, leaf, 0o755) != 0 {
            guard errno == EEXIST else { throw failed("the folder \(quoted(path)) cannot be made", of: entry) }
            switch try kind(above.number, leaf, of: entry) {
            case .link:
                links -= 1
                guard links > 0 else { throw LayerRefusal("entry \(quoted(entry.bytes)): more than 40 symbolic links lead to it") }
                return try open(try target(of: leaf, in: above, head: head, entry: entry), links: &links, of: entry)
            case .whiteout:
                try makeFolderOverWhiteout(above, leaf, of: entry)
            default:
                throw notFolder(path, of: entry)
            }
        }
        do {
            let made = OpenFolder(try openAt(above.number, bytes: leaf, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW))
            try record(made.number, in: above.number, path, timespec(tv_sec: 0, tv_nsec: 0), of: entry)
            return made
        } catch let error as SystemCallError {
            throw LayerRefusal("entry \(quoted(entry.bytes)): its folder \(quoted(path)) cannot be opened: \(error)")
        } catch let error as LayerRefusal { throw error } catch { throw LayerRefusal("\(error)") }
    }

    private func openExisting(_ path: [UInt8], flags: CInt, of entry: EntryPath) throws(LayerRefusal) -> OpenFolder? {
        do {
            let name = path.isEmpty ? byteName([UInt8(ascii: ".")]) : byteName(path)
            return OpenFolder(try openAt(root, bytes: name, flags: flags, resolve: [.inRoot, .noMagicLinks]))
        } catch {
            if error.errno == ENOENT || error.errno == ENOTDIR, !path.isEmpty { return nil }
            throw LayerRefusal("entry \(quoted(entry.bytes)): its folder \(quoted(path)) cannot be opened: \(error)")
        }
    }

    private func target(of link: ByteName, in folder: OpenFolder, head: [UInt8], entry: EntryPath) throws(LayerRefusal) -> [UInt8] {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlinkat(folder.number, link, &buffer, buffer.count)
        guard count > 0 else { throw failed("a symbolic link on its way cannot be read", of: entry) }
        let text = buffer[..<count].map { UInt8(bitPattern: $0) }
        let path = text.first == UInt8(ascii: "/") || head.isEmpty ? text : head + [UInt8(ascii: "/")] + text
        guard path.count <= limits[.path] else {
            throw LayerRefusal("entry \(quoted(entry.bytes)): symbolic links make its path longer than \(limits[.path]) bytes")
        }
        return path
    }

    private func split(_ path: [UInt8]) -> (head: [UInt8], name: [UInt8]) {
        let parts = path.split(separator: UInt8(ascii: "/"))
        return (Array(parts.dropLast().joined(separator: [UInt8(ascii: "/")])), Array(parts.last ?? []))
    }

    func forgetRecent() { recent = nil }
    /// The next entries lie in it, most often.
    func remember(_ folder: consuming Descriptor, _ path: [UInt8]) { recent = (path, OpenFolder(folder)) }

    /// Notes a folder's time, and holds it to the limit of depth: an entry's own path does not tell how deep a link on its way leads.
    func record(_ folder: CInt, in parent: CInt?, _ path: [UInt8], _ time: timespec, of entry: EntryPath) throws(LayerRefusal) {
        let depth = try folders.note(folder, in: parent, path: path, time: time)
        guard depth <= limits[.depth] + 1 else {
            throw LayerRefusal(
                .depth, "entry \(quoted(entry.bytes)): links lead it \(depth - 1) folders deep, the limit is \(limits[.depth])")
        }
    }

    func notFolder(_ path: [UInt8], of entry: EntryPath) -> LayerRefusal {
        LayerRefusal("entry \(quoted(entry.bytes)): \(quoted(path)) above it is no folder")
    }

    func failed(_ what: String, of entry: EntryPath) -> LayerRefusal {
        let number = errno
        return LayerRefusal("entry \(quoted(entry.bytes)): \(what): \(failureText(number))", after: number)
    }
}

/// A folder of the layer that is held open by several owners.
final class OpenFolder {
    private let descriptor: Descriptor
    var number: CInt { descriptor.number }

    init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
}
