// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc
import LinuxSystem

/// An archive on its way in. The file has no name once it is open, so nothing of it outlives the last who holds it, kill -9 included.
final class SpoolFile: Sendable {
    private let writable: LinuxSystem.Descriptor
    /// A second open of the file, for reading only: this one goes to the unpacker.
    private let readable: LinuxSystem.Descriptor

    var descriptor: CInt { readable.number }

    /// - Parameter name: one that nothing else in the folder has.
    convenience init(in folder: String, name: String) throws(SystemCallError) {
        try self.init(folder: try openDirectory(currentDirectory, folder), name: name)
    }

    init(folder: borrowing LinuxSystem.Descriptor, name: String) throws(SystemCallError) {
        writable = try openAt(folder.number, name, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        defer { unlinkat(folder.number, name, 0) }
        readable = try openAt(folder.number, name, flags: O_RDONLY | O_NOFOLLOW)
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws(SystemCallError) { try writable.writeAll(bytes) }

    /// Leaves a hole: what is appended next lies so many bytes further on.
    func skip(_ count: Int) throws(SystemCallError) {
        try systemCall("lseek") { Int(lseek(writable.number, off_t(count), SEEK_CUR)) }
    }

    /// Makes the file as long as what was appended and skipped, where a hole is the last of it.
    func end(at length: UInt64) throws(SystemCallError) { try systemCall("ftruncate") { ftruncate(writable.number, off_t(length)) } }

    /// The bytes of a place in the file.
    ///
    /// - Throws: ``ServiceError`` where the file ends before.
    func read(at offset: UInt64, count: Int) throws -> [UInt8] {
        var done = 0
        return try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            while done < count {
                let got = try systemCall("pread") {
                    pread(readable.number, buffer.baseAddress! + done, count - done, off_t(offset) + off_t(done))
                }
                guard got > 0 else { throw ServiceError.invalidImage("the archive ends in the middle of a member; was it copied whole?") }
                done += got
            }
            initialized = done
        }
    }

    /// The SHA-256 of a place in the file.
    func digest(at offset: UInt64, count: UInt64) throws -> Digest {
        var hash = ContentHash()
        try copy(at: offset, count: count) { hash.update($0) }
        return hash.finish()
    }

    /// Hands on the bytes of a place in the file, block by block.
    func copy(at offset: UInt64, count: UInt64, to take: (UnsafeRawBufferPointer) throws -> Void) throws {
        var done: UInt64 = 0
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
        defer { block.deallocate() }
        while done < count {
            let wanted = Int(min(UInt64(block.count), count - done))
            let got = try systemCall("pread") { pread(readable.number, block.baseAddress, wanted, off_t(offset + done)) }
            guard got > 0 else { throw ServiceError.invalidImage("the archive ends in the middle of a member; was it copied whole?") }
            try take(UnsafeRawBufferPointer(rebasing: block[..<got]))
            done += UInt64(got)
        }
    }
}
