// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
import Glibc
import LinuxSystem
public import NIOCore
import NIOPosix

/// Objects as files: `FOLDER/BUCKET/NAME`. A file that was put there by hand is an object too.
public struct DirectoryObjectStore: ObjectStore {
    public let ownBucket = "swiftlet"
    private let folder: String

    /// - Parameter folder: absolute; it is made where it is missing.
    /// - Throws: `SystemCallError`.
    public init(folder: String) throws {
        try makeDirectory(currentDirectory, folder, mode: 0o700)
        self.folder = folder
    }

    public func read(_ object: ObjectName, limit: Int, take: @Sendable (ByteBuffer) async throws -> Void) async throws {
        try object.check()
        let file = try await blocking("object '\(object)'") {
            do {
                let root = try openDirectory(currentDirectory, folder)
                let file = try openAt(
                    root.number, object.description, flags: O_RDONLY | O_NONBLOCK | O_NOCTTY, resolve: [.beneath, .noSymbolicLinks])
                var status = stat()
                try systemCall("fstat") { fstat(file.number, &status) }
                guard status.st_mode & S_IFMT == S_IFREG else { throw ServiceError.objectNotFound(object) }
                guard status.st_size <= limit else { throw ServiceError.objectTooLarge(object, limit: limit) }
                return Descriptor.Box(file)
            } catch let error as SystemCallError where [ENOENT, ENOTDIR, ELOOP, EXDEV].contains(error.errno) {
                throw ServiceError.objectNotFound(object)
            }
        }
        var total = 0
        while true {
            let block = try await blocking("object '\(object)'") {
                var buffer = ByteBufferAllocator().buffer(capacity: 256 << 10)
                let count = try buffer.withUnsafeMutableWritableBytes { try file.descriptor.read(into: $0) }
                buffer.moveWriterIndex(forwardBy: count)
                return buffer
            }
            if block.readableBytes == 0 { return }
            total += block.readableBytes
            guard total <= limit else { throw ServiceError.objectTooLarge(object, limit: limit) }
            try await take(block)
        }
    }

    public func write(_ object: ObjectName, from file: CInt, length: Int, digest: Digest) async throws {
        try object.check()
        try await blocking("object '\(object)'") {
            let root = try openDirectory(currentDirectory, folder)
            let parts = object.description.split(separator: "/").map(String.init)
            var parent = try root.duplicate()
            for part in parts.dropLast() {
                try makeDirectory(parent.number, part, mode: 0o700)
                parent = try openDirectory(parent.number, part, resolve: .noSymbolicLinks)
            }
            let temporary = ".tmp-\(UInt64.random(in: 0...UInt64.max))"
            do {
                let target = try openAt(root.number, temporary, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
                try Self.copy(file, to: target, length: length)
                try target.sync()
                try rename(root.number, temporary, to: parent.number, parts.last ?? "")
                try parent.sync()
            } catch {
                try removeFile(root.number, temporary)
                throw error
            }
        }
    }

    public func remove(_ object: ObjectName) async throws {
        try object.check()
        try await blocking("object '\(object)'") {
            let root = try openDirectory(currentDirectory, folder)
            let parts = object.description.split(separator: "/").map(String.init)
            do {
                let parent = try openDirectory(
                    root.number, parts.dropLast().joined(separator: "/"), resolve: [.beneath, .noSymbolicLinks])
                try removeFile(parent.number, parts.last ?? "")
            } catch let error as SystemCallError where error.errno == ENOENT || error.errno == ENOTDIR {}
        }
    }

    private static func copy(_ file: CInt, to target: borrowing Descriptor, length: Int) throws(SystemCallError) {
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
        defer { block.deallocate() }
        var done = 0
        while done < length {
            let count = try systemCall("pread") { pread(file, block.baseAddress, min(block.count, length - done), off_t(done)) }
            guard count > 0 else { throw SystemCallError(call: "pread", errno: EIO) }
            try target.writeAll(UnsafeRawBufferPointer(rebasing: block[..<count]))
            done += count
        }
    }

    private func blocking<Result: Sendable>(_ what: String, _ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        do { return try await NIOThreadPool.singleton.runIfActive(body) } catch let error as SystemCallError {
            if error.errno == ENOSPC || error.errno == EDQUOT {
                throw ServiceError(
                    status: 507, code: "InsufficientStorage",
                    message: "\(what): the disk of the object store is full (\(error)); free some space")
            }
            throw ServiceError.objectStoreFailed(what, "\(error)")
        }
    }
}
