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
}

struct ExtendedAttribute {
    var name: ByteName
    var value: [UInt8]
}

/// The times of the layer's folders. They are set when everything is written, since each file in a folder changes the folder's time.
struct FolderTimes {
    /// By inode: two paths may lead to one folder, and a folder may have been replaced since.
    private var pending: [ino_t: (path: [UInt8], time: timespec)] = [:]

    mutating func note(_ folder: CInt, path: [UInt8], time: timespec) throws(LayerRefusal) {
        pending[try inode(of: folder)] = (path, time)
    }

    /// Forgets a folder that is removed: its inode number may come back.
    mutating func forget(_ inode: ino_t) { pending[inode] = nil }

    func apply(root: CInt) throws(LayerRefusal) {
        for (number, folder) in pending {
            do {
                let descriptor = try openAt(
                    root, bytes: folder.path.isEmpty ? byteName([UInt8(ascii: ".")]) : byteName(folder.path), flags: O_RDONLY | O_DIRECTORY,
                    resolve: [.inRoot, .noMagicLinks])
                guard try inode(of: descriptor.number) == number else { continue }
                try systemCall("futimens") {
                    withUnsafePointer(to: (folder.time, folder.time)) { pair in
                        pair.withMemoryRebound(to: timespec.self, capacity: 2) { futimens(descriptor.number, $0) }
                    }
                }
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
