// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem

/// Owner, mode and time of one entry.
struct EntryMetadata {
    var user: UInt32
    var group: UInt32
    /// Permission bits with setuid, setgid and sticky.
    var mode: UInt32
    var time: timespec
    var attributes: [ExtendedAttribute] = []

    /// Whether a file that this process makes with this mode has owner and attributes as they should be.
    var isOurs: Bool { user == 0 && group == 0 && attributes.isEmpty }
    /// The bits that a new owner, or writing, takes away again.
    var isSpecial: Bool { mode & 0o7000 != 0 }
}

struct ExtendedAttribute {
    var name: ByteName
    var value: [UInt8]
}

/// The layer's folders: how deep each lies, and its time, which is set when everything is written, since each file in a folder changes it.
struct FolderRecords {
    private struct Record {
        var path: [UInt8]
        var time: timespec
        var depth: UInt64
    }

    /// By inode: two paths may lead to one folder, and a folder may have been replaced since.
    private var records: [ino_t: Record] = [:]

    /// - Parameter parent: the folder it lies in; nil for the root, and for a folder that is known.
    /// - Returns: how many folders it lies below the root.
    mutating func note(_ folder: CInt, in parent: CInt?, path: [UInt8], time: timespec) throws(LayerRefusal) -> UInt64 {
        let number = try inode(of: folder)
        var depth: UInt64 = 0
        if let known = records[number] {
            depth = known.depth
        } else if let parent {
            depth = (records[try inode(of: parent)]?.depth ?? 0) + 1
        }
        records[number] = Record(path: path, time: time, depth: depth)
        return depth
    }

    /// Forgets a folder that is removed: its inode number may come back.
    mutating func forget(_ inode: ino_t) { records[inode] = nil }

    func applyTimes(root: CInt) throws(LayerRefusal) {
        for (number, folder) in records {
            do {
                let descriptor = try openAt(
                    root, bytes: folder.path.isEmpty ? byteName([UInt8(ascii: ".")]) : byteName(folder.path), flags: O_RDONLY | O_DIRECTORY,
                    resolve: [.inRoot, .noMagicLinks])
                guard try inode(of: descriptor.number) == number else { continue }
                try setTime(folder.time, of: descriptor.number)
            } catch let error as SystemCallError where error.errno == ENOENT || error.errno == ENOTDIR {
                continue
            } catch {
                throw LayerRefusal("folder \(quoted(folder.path)): its time cannot be set: \(error)")
            }
        }
    }

    private func inode(of descriptor: CInt) throws(LayerRefusal) -> ino_t {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw LayerRefusal("a folder of the layer cannot be examined: \(failureText())") }
        return status.st_ino
    }
}

/// Sets the times of an open file: of its last change, and of its last reading to the same.
func setTime(_ time: timespec, of descriptor: CInt) throws(SystemCallError) {
    try systemCall("futimens") {
        withUnsafePointer(to: (time, time)) { pair in
            pair.withMemoryRebound(to: timespec.self, capacity: 2) { futimens(descriptor, $0) }
        }
    }
}
