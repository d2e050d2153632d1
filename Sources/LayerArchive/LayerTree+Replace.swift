// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem

/// What lies under a name of the layer already.
enum ExistingKind {
    case nothing, folder, link, whiteout, other
}

extension LayerTree {
    /// What has the name, not following a link.
    func kind(_ folder: CInt, _ name: ByteName, of entry: EntryPath) throws(LayerRefusal) -> ExistingKind {
        var status = stat()
        guard fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            if errno == ENOENT { return .nothing }
            throw failed("what has its name cannot be examined", of: entry)
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: return .folder
        case S_IFLNK: return .link
        case S_IFCHR: return .whiteout  // No device is ever made, so this is one of our whiteouts.
        default: return .other
        }
    }

    /// Makes room for an entry that replaces what an earlier entry of the same layer made: a file a folder, or the reverse.
    func removeExisting(_ folder: OpenFolder, _ name: ByteName, of entry: EntryPath) throws(LayerRefusal) {
        forgetRecent()
        if unlinkat(folder.number, name, 0) == 0 || errno == ENOENT { return }
        guard errno == EISDIR || errno == EPERM else { throw failed("what has its name cannot be removed", of: entry) }
        do { try removeContent(folder.number, name) } catch {
            throw LayerRefusal("entry \(quoted(entry.bytes)): the folder that it replaces cannot be removed: \(error)")
        }
    }

    /// Empties and removes a folder without following a link. No folder is deeper than the limit of depth, which bounds the recursion.
    private func removeContent(_ parent: CInt, _ name: ByteName) throws(SystemCallError) {
        let folder = try openAt(parent, bytes: name, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        var status = stat()
        try systemCall("fstat") { fstat(folder.number, &status) }
        folders.forget(status.st_ino)
        for entry in try rawDirectoryEntries(folder.number) {
            if unlinkat(folder.number, entry, 0) == 0 { continue }
            guard errno == EISDIR || errno == EPERM else { throw SystemCallError(call: "unlinkat", errno: errno) }
            try removeContent(folder.number, entry)
        }
        try systemCall("rmdir") { unlinkat(parent, name, AT_REMOVEDIR) }
    }

    /// This layer removes the name and makes a folder of it: the folder hides all of the lower one's content.
    func makeFolderOverWhiteout(_ folder: OpenFolder, _ name: ByteName, of entry: EntryPath) throws(LayerRefusal) {
        try removeExisting(folder, name, of: entry)
        guard mkdirat(folder.number, name, 0o755) == 0 else { throw failed("the folder cannot be made", of: entry) }
        try makeOpaque(folder, name, of: entry)
    }

    /// Source: overlayfs of the Linux kernel, "whiteouts and opaque directories"; `user.` since the overlay is mounted with `userxattr`.
    func makeOpaque(_ folder: OpenFolder, _ name: ByteName, of entry: EntryPath) throws(LayerRefusal) {
        do {
            let opened = try openAt(folder.number, bytes: name, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            try setExtendedAttribute(opened.number, byteName("user.overlay.opaque".utf8), [UInt8(ascii: "y")])
        } catch {
            throw LayerRefusal("entry \(quoted(entry.bytes)): its folder cannot be marked opaque: \(error)")
        }
    }
}
