// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc
import LinuxSystem

/// Walks a folder in the order of its names' bytes, and gives what a tar says of each file. Sockets, devices and fifos are left out.
struct FolderWalk {
    private struct FileID: Hashable {
        var device: dev_t
        var inode: ino_t
    }

    let root: String
    let options: PackOptions
    private var firstNames: [FileID: [UInt8]] = [:]

    init(root: String, options: PackOptions) {
        self.root = root
        self.options = options
    }

    /// - Parameter visit: called with each member, and for a file with a descriptor of its content.
    mutating func run(_ visit: (TarMember, CInt?) throws -> Void) throws {
        let folder = try openAt(currentDirectory, root, flags: O_RDONLY | O_DIRECTORY)
        var status = stat()
        try systemCall("fstat \(root)") { fstat(folder.number, &status) }
        try visit(member([UInt8(ascii: ".")], .folder, status), nil)
        try walk(folder.number, [], visit)
    }

    private mutating func walk(_ folder: CInt, _ path: [UInt8], _ visit: (TarMember, CInt?) throws -> Void) throws {
        let names = try rawDirectoryEntries(folder).map { $0.dropLast().map { UInt8(bitPattern: $0) } }
        for name in names.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let leaf = name.map { CChar(bitPattern: $0) } + [0]
            let full = path.isEmpty ? name : path + [UInt8(ascii: "/")] + name
            var status = stat()
            try systemCall("fstatat \(String(decoding: full, as: UTF8.self))") { fstatat(folder, leaf, &status, AT_SYMLINK_NOFOLLOW) }
            switch status.st_mode & S_IFMT {
            case S_IFDIR:
                let below = try openAt(folder, bytes: leaf, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
                try visit(member(full, .folder, status), nil)
                try walk(below.number, full, visit)
            case S_IFLNK:
                var target = [UInt8](repeating: 0, count: 4096)
                let count = try systemCall("readlinkat") {
                    target.withUnsafeMutableBytes { readlinkat(folder, leaf, $0.bindMemory(to: CChar.self).baseAddress!, $0.count) }
                }
                try visit(member(full, .link(target: Array(target[..<count])), status), nil)
            case S_IFREG:
                let id = FileID(device: status.st_dev, inode: status.st_ino)
                if status.st_nlink > 1, let first = firstNames[id] {
                    try visit(member(full, .hardLink(target: first), status), nil)
                    continue
                }
                if status.st_nlink > 1 { firstNames[id] = full }
                let file = try openAt(folder, bytes: leaf, flags: O_RDONLY | O_NOFOLLOW)
                try visit(member(full, .file(size: UInt64(status.st_size)), status), file.number)
            default: continue
            }
        }
    }

    private func member(_ path: [UInt8], _ kind: TarMember.Kind, _ status: stat) -> TarMember {
        TarMember(
            path: path, kind: kind, mode: status.st_mode & 0o7777, user: options.owner ?? status.st_uid,
            group: options.owner ?? status.st_gid,
            time: min(Int64(status.st_mtim.tv_sec), options.newestTime ?? .max))
    }
}
