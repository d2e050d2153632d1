// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc
import LinuxSystem

/// A tar file that takes its name only once it is whole and on disk.
final class OutputArchive {
    private let folder: LinuxSystem.Descriptor
    private let temporaryName: String
    private let file: LinuxSystem.Descriptor

    /// Runs `body` with a new archive; after an error nothing is left of it, and a file that had the name stays.
    static func write(_ path: String, _ body: (OutputArchive) throws -> Void) throws {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard let name = parts.last.map(String.init), !name.isEmpty, name != ".", name != ".." else {
            throw ServiceError.invalidArgument("'\(path)' names no file")
        }
        let parent = parts.count == 1 ? "." : parts.count == 2 && parts[0].isEmpty ? "/" : parts.dropLast().joined(separator: "/")
        let archive = try OutputArchive(in: parent, name: ".\(name).\(getpid())")
        do {
            try body(archive)
            try archive.file.sync()
            try rename(archive.folder.number, archive.temporaryName, to: archive.folder.number, name)
            try archive.folder.sync()
        } catch {
            unlinkat(archive.folder.number, archive.temporaryName, 0)
            throw error
        }
    }

    private init(in parent: String, name: String) throws {
        folder = try openAt(currentDirectory, parent, flags: O_RDONLY | O_DIRECTORY)
        temporaryName = name
        try removeFile(folder.number, name)
        file = try openAt(folder.number, name, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o644)
    }

    /// A file without a name beside the archive.
    func scratchFile() throws -> SpoolFile { try SpoolFile(folder: folder, name: temporaryName + ".layer") }

    /// - Parameter content: a descriptor whose file is read from its beginning; nil for a member without content.
    func add(_ member: TarMember, content: CInt?) throws {
        try append(TarWriter.header(member))
        guard let content, case .file(let size) = member.kind else { return }
        try copy(content, size: size, member) { try file.writeAll($0) }
        try append(TarWriter.padding(size))
    }

    func add(path: String, _ bytes: [UInt8]) throws {
        try append(
            TarWriter.header(TarMember(path: Array(path.utf8), kind: .file(size: UInt64(bytes.count)))) + bytes
                + TarWriter.padding(UInt64(bytes.count)))
    }

    func finish() throws { try append(TarWriter.end) }

    private func append(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try file.writeAll($0) } }
}

/// Hands on exactly `size` bytes of a file: a file that changes meanwhile must not shift what follows it in a tar.
func copy(_ content: CInt, size: UInt64, _ member: TarMember, to write: (UnsafeRawBufferPointer) throws -> Void) throws {
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
    defer { block.deallocate() }
    var done: UInt64 = 0
    while done < size {
        let wanted = Int(min(UInt64(block.count), size - done))
        let count = try systemCall("pread") { pread(content, block.baseAddress, wanted, off_t(done)) }
        guard count > 0 else {
            throw ServiceError.invalidArgument("'\(String(decoding: member.path, as: UTF8.self))' became shorter while it was read")
        }
        try write(UnsafeRawBufferPointer(rebasing: block[..<count]))
        done += UInt64(count)
    }
}
