// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem

/// What a name that begins with `.wh.` asks for. Source: OCI image specification 1.1, layer.md, "Whiteouts".
enum Whiteout: Equatable {
    /// Removes a name of the lower layers.
    case name([UInt8])
    /// Removes all that lower layers have in the folder.
    case opaque
    /// What the storage driver aufs kept for itself in `.wh..wh.` names: nothing to us.
    case ignored

    /// - Returns: nil for an ordinary entry.
    init?(_ entry: EntryPath) throws(LayerRefusal) {
        let prefix = Array(".wh.".utf8)
        let reserved = Array(".wh..wh.".utf8)
        for part in entry.folder.split(separator: UInt8(ascii: "/")) where part.starts(with: prefix) {
            if part.starts(with: reserved) {
                self = .ignored
                return
            }
            throw LayerRefusal("entry \(quoted(entry.bytes)): a name that begins with '.wh.' is a whiteout and cannot be a folder")
        }
        guard entry.name.starts(with: prefix) else { return nil }
        if entry.name == Array(".wh..wh..opq".utf8) {
            self = .opaque
        } else if entry.name.starts(with: reserved) {
            self = .ignored
        } else {
            let name = Array(entry.name.dropFirst(prefix.count))
            guard !name.isEmpty, name != Array(".".utf8), name != Array("..".utf8) else {
                throw LayerRefusal("entry \(quoted(entry.bytes)): a whiteout of \(quoted(name)) names no file")
            }
            self = .name(name)
        }
    }
}

extension LayerTree {
    /// Whiteouts apply to lower layers only, wherever they stand in the tar: what this layer itself makes under the name stays.
    func apply(_ whiteout: Whiteout, at entry: EntryPath) throws(LayerRefusal) {
        switch whiteout {
        case .ignored: return
        case .opaque:
            if entry.folder.isEmpty {
                throw LayerRefusal(
                    "entry \(quoted(entry.bytes)): the root of a layer cannot hide all lower layers; an overlay has no way to say so")
            }
            guard isFolderOrMissing(entry.folder) else { return }
            try makeOpaque(try folder(entry.folder, of: entry), byteName(".".utf8), of: entry)
        case .name(let name):
            guard isFolderOrMissing(entry.folder) else { return }
            let parent = try folder(entry.folder, of: entry)
            let leaf = byteName(name)
            switch try kind(parent.number, leaf, of: entry) {
            case .folder: try makeOpaque(parent, leaf, of: entry)
            case .link, .other, .whiteout: return
            case .nothing:
                // A character device 0:0 is the overlay's whiteout; making it needs no capability.
                guard mknodat(parent.number, leaf, S_IFCHR, 0) == 0 else { throw failed("the whiteout cannot be made", of: entry) }
            }
        }
    }

    /// Real layers replace a folder by a file and then remove what lay in the folder. That is no news: such a whiteout is ignored.
    private func isFolderOrMissing(_ path: [UInt8]) -> Bool {
        if path.isEmpty { return true }
        do {
            _ = try openAt(root, bytes: byteName(path), flags: OpenFlags.path | O_DIRECTORY, resolve: [.inRoot, .noMagicLinks])
            return true
        } catch {
            return error.errno != ENOTDIR
        }
    }
}
