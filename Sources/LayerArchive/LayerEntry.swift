// SPDX-License-Identifier: Apache-2.0
import CArchive
import FunctionModel
import Glibc
import LinuxSystem

/// One member of a tar or zip. It borrows from its reader and is valid until the next one is read.
struct LayerEntry {
    enum Kind {
        case file(size: UInt64)
        case folder, fifo
        case link(target: UnsafePointer<CChar>)
        case hardLink(target: UnsafePointer<CChar>)
        /// Character and block devices, and whatever else a tar can name.
        case special
    }

    let pointer: OpaquePointer

    func path(_ limits: UnpackLimits) throws(LayerRefusal) -> EntryPath {
        guard let path = archive_entry_pathname(pointer) else { throw LayerRefusal("an entry of the layer has no name") }
        return try EntryPath(UnsafeRawBufferPointer(start: path, count: strlen(path)), what: "entry", limits: limits)
    }

    func kind(_ path: EntryPath) throws(LayerRefusal) -> Kind {
        if let target = archive_entry_hardlink(pointer) { return .hardLink(target: target) }
        switch archive_entry_filetype(pointer) & S_IFMT {
        case S_IFDIR: return .folder
        case S_IFIFO: return .fifo
        case S_IFLNK:
            guard let target = archive_entry_symlink(pointer), target.pointee != 0 else {
                throw LayerRefusal("entry \(quoted(path.bytes)): a symbolic link without a target")
            }
            return .link(target: target)
        case S_IFREG:
            let size = archive_entry_size(pointer)
            guard size >= 0 else { throw LayerRefusal("entry \(quoted(path.bytes)): its size is negative") }
            // An old tar has no type for folders and writes a slash after the name.
            if let text = archive_entry_pathname(pointer), size == 0, text[strlen(text) - 1] == CChar(UInt8(ascii: "/")) { return .folder }
            return .file(size: UInt64(size))
        default: return .special
        }
    }

    func metadata(_ path: EntryPath, _ limits: UnpackLimits) throws(LayerRefusal) -> EntryMetadata {
        EntryMetadata(
            user: try owner(archive_entry_uid(pointer), path), group: try owner(archive_entry_gid(pointer), path),
            mode: mode, time: time, attributes: try attributes(path, limits))
    }

    /// Permission bits with setuid, setgid and sticky.
    var mode: UInt32 { UInt32(archive_entry_perm(pointer)) & 0o7777 }

    /// An owner that does not fit would wrap round to root (CVE-2024-40635), and -1 means "leave it" to chown.
    private func owner(_ number: Int64, _ path: EntryPath) throws(LayerRefusal) -> UInt32 {
        guard let owner = UInt32(exactly: number), owner != .max else {
            throw LayerRefusal("entry \(quoted(path.bytes)): its owner \(number) is not from 0 to 4294967294")
        }
        return owner
    }

    var time: timespec {
        let seconds = archive_entry_mtime(pointer)
        let nanoseconds = archive_entry_mtime_nsec(pointer)
        // libarchive 3.6 reads the fraction of "-1.25" as if it went forward from -1.
        if seconds < 0, nanoseconds > 0 { return timespec(tv_sec: seconds - 1, tv_nsec: 1_000_000_000 - nanoseconds) }
        return timespec(tv_sec: seconds, tv_nsec: nanoseconds)
    }

    private func attributes(_ path: EntryPath, _ limits: UnpackLimits) throws(LayerRefusal) -> [ExtendedAttribute] {
        guard archive_entry_xattr_reset(pointer) > 0 else { return [] }
        var kept: [ExtendedAttribute] = []
        var total = 0
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var count = 0
        while archive_entry_xattr_next(pointer, &name, &value, &count) == ARCHIVE_OK, let text = name {
            let bytes = UnsafeRawBufferPointer(start: text, count: strlen(text))
            guard isKept(bytes) else { continue }
            total += bytes.count + count
            guard total <= limits[.attributes] else {
                throw LayerRefusal(
                    .attributes, "entry \(quoted(path.bytes)): its extended attributes have more than \(limits[.attributes]) bytes")
            }
            kept.append(ExtendedAttribute(name: byteName(bytes), value: Array(UnsafeRawBufferPointer(start: value, count: count))))
        }
        return kept
    }

    /// Kept: the program's own `user.` attributes and file capabilities. Not kept: `trusted.`, `system.` (access lists) and the rest of
    /// `security.` (labels and signatures of another host), and `user.overlay.`, by which a layer could speak to the overlay itself.
    private func isKept(_ name: UnsafeRawBufferPointer) -> Bool {
        if name.elementsEqual("security.capability".utf8) { return true }
        return name.starts(with: "user.".utf8) && name.count > 5 && name.count <= 255 && !name.starts(with: "user.overlay.".utf8)
    }
}
