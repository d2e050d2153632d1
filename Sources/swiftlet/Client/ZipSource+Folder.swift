// SPDX-License-Identifier: Apache-2.0
import CArchive
import Glibc

extension ZipSource {
    /// Packs what is in a folder, in the order of the names, into a temporary file that has no name. Symbolic links stay links; what is neither file,
    /// folder nor link is refused.
    ///
    /// - Returns: a descriptor of the file.
    static func pack(_ folder: String) throws -> CInt {
        var name = Array("/tmp/swiftlet-layer-XXXXXX".utf8CString)
        let file = mkstemp(&name)
        guard file >= 0, fcntl(file, F_SETFD, FD_CLOEXEC) == 0 else {
            throw CommandFailure("cannot make a temporary file in /tmp: \(String(cString: strerror(errno)))")
        }
        unlink(name)
        guard let archive = archive_write_new() else { throw CommandFailure("libarchive cannot be started: out of memory") }
        defer { archive_write_free(archive) }
        archive_write_set_format_zip(archive)
        func check(_ result: CInt, _ what: String) throws {
            guard result == ARCHIVE_OK else {
                let reason = archive_error_string(archive).map { String(cString: $0) } ?? "libarchive gives no reason"
                throw CommandFailure("\(what): \(reason)")
            }
        }
        try check(archive_write_open_fd(archive, file), "packing '\(folder)'")
        for path in try paths(folder) {
            let entry = archive_entry_new()
            defer { archive_entry_free(entry) }
            let place = "\(folder)/\(path)"
            var status = stat()
            guard lstat(place, &status) == 0 else { throw ArchiveSource.failure(place) }
            archive_entry_copy_stat(entry, &status)
            // When a file was last read or moved is not its content: the same folder is the same zip, and the same layer on disk.
            archive_entry_unset_atime(entry)
            archive_entry_unset_ctime(entry)
            archive_entry_set_uid(entry, 0)
            archive_entry_set_gid(entry, 0)
            archive_entry_copy_pathname(entry, path)
            switch status.st_mode & S_IFMT {
            case S_IFDIR: try check(archive_write_header(archive, entry), place)
            case S_IFLNK:
                var target = [CChar](repeating: 0, count: 4097)
                guard readlink(place, &target, 4096) > 0 else { throw ArchiveSource.failure(place) }
                archive_entry_copy_symlink(entry, target)
                archive_entry_set_size(entry, 0)
                try check(archive_write_header(archive, entry), place)
            case S_IFREG:
                try check(archive_write_header(archive, entry), place)
                try copy(place, into: archive)
            default: throw CommandFailure("'\(place)' is neither a file nor a folder nor a link: take it out of the layer")
            }
        }
        try check(archive_write_close(archive), "packing '\(folder)'")
        return file
    }

    private static func copy(_ path: String, into archive: OpaquePointer) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw ArchiveSource.failure(path) }
        defer { close(descriptor) }
        var block = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = read(descriptor, &block, block.count)
            guard count >= 0 else { throw ArchiveSource.failure(path) }
            if count == 0 { return }
            guard archive_write_data(archive, block, count) == count else {
                throw CommandFailure("'\(path)' changed while it was packed: publish the layer again")
            }
        }
    }

    /// Everything below a folder, folders before what is in them.
    private static func paths(_ folder: String, below prefix: String = "") throws -> [String] {
        guard let directory = opendir("\(folder)/\(prefix)") else { throw ArchiveSource.failure("\(folder)/\(prefix)") }
        var names: [(name: String, isFolder: Bool)] = []
        errno = 0
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            guard name != ".", name != ".." else { continue }
            var status = stat()
            guard lstat("\(folder)/\(prefix)\(name)", &status) == 0 else { throw ArchiveSource.failure("\(folder)/\(prefix)\(name)") }
            names.append((name, status.st_mode & S_IFMT == S_IFDIR))
        }
        closedir(directory)
        var result: [String] = []
        for (name, isFolder) in names.sorted(by: { $0.name < $1.name }) {
            result.append(prefix + name)
            if isFolder { result += try paths(folder, below: "\(prefix)\(name)/") }
        }
        return result
    }
}
