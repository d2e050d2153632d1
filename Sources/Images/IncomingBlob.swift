// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc
import LinuxSystem

/// A blob on its way into the folder of blobs. It has no name until it is whole and on disk, so a stop leaves nothing of it.
final class IncomingBlob: Sendable {
    let digest: Digest
    private let file: LinuxSystem.Descriptor
    private let folder: String
    private let size: UInt64
    private let room: RoomBook

    /// - Parameters:
    ///   - size: bytes that will come.
    ///   - room: where they count until the blob is recorded or given up.
    /// - Throws: ``ServiceError`` 507 `InsufficientStorage` where they do not fit, `SystemCallError`.
    init(in folder: String, digest: Digest, size: UInt64, room: RoomBook) throws {
        self.digest = digest
        self.size = size
        self.room = room
        self.folder = folder
        let file = try openAt(currentDirectory, folder, flags: O_RDWR | OpenFlags.temporaryFile, mode: 0o600)
        try room.keep(size, of: digest)
        // Last: what is not counted must not be given back, and an object that is whole has its end also where its making fails.
        self.file = file
    }

    deinit { room.giveBack(kept: size) }

    /// Open for reading what was appended.
    var descriptor: CInt { file.number }

    func append(_ bytes: UnsafeRawBufferPointer) throws(SystemCallError) { try file.writeAll(bytes) }

    /// Makes the content durable; call it after the last byte.
    func finish() throws(SystemCallError) { try file.sync() }

    /// Gives the blob its name. One that is there already is kept.
    func publish() throws(SystemCallError) {
        let target = try openDirectory(currentDirectory, folder)
        do {
            try systemCall("linkat \(digest)") {
                linkat(currentDirectory, "/proc/self/fd/\(file.number)", target.number, digest.hex, AT_SYMLINK_FOLLOW)
            }
        } catch  where error.errno == EEXIST {
            return
        }
        try target.sync()
    }
}
