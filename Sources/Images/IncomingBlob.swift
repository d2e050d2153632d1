// SPDX-License-Identifier: Apache-2.0
package import FunctionModel
import Glibc
package import LinuxSystem
import Synchronization

/// A blob on its way into the folder of blobs. It has no name until it is whole and on disk, so a stop leaves nothing of it.
package final class IncomingBlob: Sendable {
    let digest: Digest
    private let file: LinuxSystem.Descriptor
    private let folder: String
    private let size: UInt64
    private let room: RoomBook
    private let appended = Atomic<UInt64>(0)
    private let isFinished = Atomic(false)

    /// - Parameters:
    ///   - size: bytes that will come.
    ///   - room: where they count until the blob is recorded or given up.
    /// - Throws: ``ServiceError`` 507 `InsufficientStorage` where they do not fit, `SystemCallError`.
    package init(in folder: String, digest: Digest, size: UInt64, room: RoomBook) throws {
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

    /// Whether all of it has come and is on disk.
    package var isWhole: Bool { isFinished.load(ordering: .sequentiallyConsistent) }

    package func append(_ bytes: UnsafeRawBufferPointer) throws(SystemCallError) {
        try file.writeAll(bytes)
        appended.wrappingAdd(UInt64(bytes.count), ordering: .sequentiallyConsistent)
    }

    /// Makes the content durable; call it after the last byte.
    ///
    /// - Throws: ``ServiceError`` where fewer bytes have come, or more, than were to: what is not whole never gets its name. `SystemCallError`.
    package func finish() throws {
        try check(appended.load(ordering: .sequentiallyConsistent) == size)
        try file.sync()
        isFinished.store(true, ordering: .sequentiallyConsistent)
    }

    /// Throws away what has come, where another download brings the blob from its beginning.
    func startAgain() throws(SystemCallError) {
        let number = file.number
        try systemCall("ftruncate") { ftruncate(number, 0) }
        try systemCall("lseek") { CInt(truncatingIfNeeded: lseek(number, 0, SEEK_SET)) }
        appended.store(0, ordering: .sequentiallyConsistent)
        isFinished.store(false, ordering: .sequentiallyConsistent)
    }

    /// - Throws: ``ServiceError`` unless it is.
    private func check(_ isRight: Bool) throws(ServiceError) {
        if isRight { return }
        let came = appended.load(ordering: .sequentiallyConsistent)
        throw ServiceError(
            status: 500, code: "InternalServerError",
            message: "blob \(digest) is not whole: \(came) of its \(size) bytes have come; it is not kept")
    }

    /// Gives the blob its name. One that is there already is kept.
    ///
    /// - Throws: as ``finish()``, also where that was not called.
    package func publish() throws {
        try check(isWhole)
        try link()
    }

    private func link() throws(SystemCallError) {
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
