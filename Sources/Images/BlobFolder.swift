// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc
import LinuxSystem

/// The manifests and configurations of the images, each under its digest: `blobs/sha256/HEX`.
struct BlobFolder: Sendable {
    private let path: String
    private let temporary: String

    /// - Parameter data: the data directory; the folders are made in it where they are missing.
    init(data: String) throws(SystemCallError) {
        let root = try openDirectory(currentDirectory, data)
        try makeDirectory(root.number, "tmp", mode: 0o700)
        try makeDirectory(root.number, "blobs", mode: 0o700)
        try makeDirectory(root.number, "blobs/sha256", mode: 0o700)
        path = data + "/blobs/sha256"
        temporary = data + "/tmp"
    }

    /// Writes a blob so that it is whole or not there, whenever the machine stops. One that is there already is kept.
    func write(_ bytes: [UInt8], digest: Digest) throws(SystemCallError) {
        let folder = try openDirectory(currentDirectory, path)
        guard faccessat(folder.number, digest.hex, F_OK, 0) != 0 else { return }
        let scratch = try openDirectory(currentDirectory, temporary)
        try removeFile(scratch.number, digest.hex)
        let file = try openAt(scratch.number, digest.hex, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        var done = 0
        while done < bytes.count {
            done += try systemCall("write") { bytes.withUnsafeBytes { Glibc.write(file.number, $0.baseAddress! + done, $0.count - done) } }
        }
        try file.sync()
        try rename(scratch.number, digest.hex, to: folder.number, digest.hex)
        try folder.sync()
    }

    /// - Throws: ``ServiceError`` where the blob was changed on disk.
    func read(_ digest: Digest, limit: UInt64) throws -> [UInt8] {
        let folder = try openDirectory(currentDirectory, path)
        let file = try openAt(folder.number, digest.hex, flags: O_RDONLY | O_NOFOLLOW)
        guard let bytes = try file.readAll(limit: Int(limit)), ContentHash.of(bytes) == digest else {
            throw ServiceError(
                status: 500, code: "InternalServerError", message: "blob \(digest) of the state directory is damaged; load its image again")
        }
        return bytes
    }

    func remove(_ digest: Digest) throws(SystemCallError) {
        let folder = try openDirectory(currentDirectory, path)
        try removeFile(folder.number, digest.hex)
    }

    /// Every blob that is there.
    func all() throws(SystemCallError) -> [Digest] {
        try directoryEntries(try openDirectory(currentDirectory, path)).compactMap { Digest(hex: $0) }
    }

    /// Clears what a stop left in the folder for files on their way.
    func clearTemporary() throws(SystemCallError) {
        let scratch = try openDirectory(currentDirectory, temporary)
        for name in try directoryEntries(scratch) { try removeTree(scratch.number, name) }
    }

    func newBlob(_ digest: Digest, size: UInt64, room: RoomBook) throws -> IncomingBlob {
        try IncomingBlob(in: path, digest: digest, size: size, room: room)
    }

    func has(_ digest: Digest) throws(SystemCallError) -> Bool {
        let folder = try openDirectory(currentDirectory, path)
        return faccessat(folder.number, digest.hex, F_OK, 0) == 0
    }

    func mustHave(_ digest: Digest) throws {
        guard try has(digest) else {
            throw ServiceError(
                status: 409, code: "ConcurrentUpdateError", message: "blob \(digest) was removed at the same time; pull the image again")
        }
    }

    /// A blob open for reading, of whatever size.
    func open(_ digest: Digest) throws(SystemCallError) -> LinuxSystem.Descriptor {
        let folder = try openDirectory(currentDirectory, path)
        return try openAt(folder.number, digest.hex, flags: O_RDONLY | O_NOFOLLOW)
    }

    func newSpoolFile(name: String) throws(SystemCallError) -> SpoolFile { try SpoolFile(in: temporary, name: name) }
}
