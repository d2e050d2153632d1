// SPDX-License-Identifier: Apache-2.0
import AsyncHTTPClient
import FunctionModel
import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// A zip that is sent in base64 inside a JSON body: read from a file, or packed from a folder into a file without a name.
struct ZipSource {
    /// Bytes read at once; a multiple of 3, so that the base64 of all blocks together is that of the whole.
    private static let block = 3 * 64 * 1024

    private let file: FileHandle
    let length: Int

    /// Owns a descriptor.
    private final class FileHandle: Sendable {
        let descriptor: CInt
        init(_ descriptor: CInt) { self.descriptor = descriptor }
        deinit { close(descriptor) }
    }

    init(path: String) async throws {
        (file, length) = try await NIOThreadPool.singleton.runIfActive {
            var status = stat()
            guard stat(path, &status) == 0 else { throw ArchiveSource.failure(path) }
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            let file = FileHandle(isFolder ? try Self.pack(path) : open(path, O_RDONLY | O_CLOEXEC))
            guard file.descriptor >= 0, fstat(file.descriptor, &status) == 0 else { throw ArchiveSource.failure(path) }
            guard status.st_mode & S_IFMT == S_IFREG else { throw CommandFailure("'\(path)' is neither a folder nor a zip") }
            return (file, Int(status.st_size))
        }
    }

    /// The body of a request with `input` and the zip as its `code.zipFile`.
    func body(_ input: [String: JSONValue]) throws -> HTTPClientRequest.Body {
        let text = JSONValue.object(input).text
        let head = text.dropLast() + (input.isEmpty ? "" : ",") + #""code":{"zipFile":""#
        let tail = #""}}"#
        let size = head.utf8.count + (length + 2) / 3 * 4 + tail.utf8.count
        let (file, length) = (file, length)
        let blocks = AsyncThrowingStream<ByteBuffer, any Error>(unfolding: Self.blocks(file, length, head: String(head), tail: tail))
        return .stream(blocks, length: .known(Int64(size)))
    }

    private static func blocks(
        _ file: FileHandle, _ length: Int, head: String, tail: String
    ) -> @Sendable () async throws -> ByteBuffer? {
        let position = Position()
        return {
            try await NIOThreadPool.singleton.runIfActive {
                try position.next(length) { offset in
                    switch offset {
                    case nil: return ByteBuffer(string: head)
                    case length?: return ByteBuffer(string: tail)
                    case let offset?:
                        var bytes = [UInt8](repeating: 0, count: min(block, length - offset))
                        var done = 0
                        while done < bytes.count {
                            let (at, wanted) = (done, bytes.count - done)
                            let count = bytes.withUnsafeMutableBytes {
                                pread(file.descriptor, $0.baseAddress! + at, wanted, off_t(offset + at))
                            }
                            guard count > 0 else { throw CommandFailure("the zip became shorter while it was read: publish it again") }
                            done += count
                        }
                        return ByteBuffer(bytes: base64(bytes))
                    }
                }
            }
        }
    }

    /// Counts where the next block begins: first the head (nil), then the zip, then the tail (at its length).
    private final class Position: Sendable {
        private let state = Mutex<Int?>(-1)

        func next(_ length: Int, _ block: (Int?) throws -> ByteBuffer) rethrows -> ByteBuffer? {
            try state.withLock { state in
                guard let now = state else { return nil }
                let buffer = try block(now < 0 ? nil : now)
                state = now < 0 ? 0 : now == length ? nil : min(length, now + ZipSource.block)
                return buffer
            }
        }
    }

    private static func base64(_ bytes: [UInt8]) -> [UInt8] {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var result: [UInt8] = []
        result.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let count = min(3, bytes.count - start)
            let bits = (0..<3).reduce(0) { $0 << 8 | ($1 < count ? Int(bytes[start + $1]) : 0) }
            for index in 0..<4 { result.append(index <= count ? digits[bits >> (18 - 6 * index) & 63] : UInt8(ascii: "=")) }
        }
        return result
    }
}
