// SPDX-License-Identifier: Apache-2.0
import CZlib
import FunctionModel

/// Compresses a stream with gzip and takes the SHA-256 of both sides. The header has no time and no name in it, so equal input gives equal bytes.
final class GzipWriter {
    private var stream = z_stream()
    private var plainHash = ContentHash()
    private var compressedHash = ContentHash()
    private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
    private let write: (UnsafeRawBufferPointer) throws -> Void
    private(set) var compressedBytes: UInt64 = 0

    init(_ write: @escaping (UnsafeRawBufferPointer) throws -> Void) throws {
        self.write = write
        let result = deflateInit2_(
            &stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size))
        guard result == Z_OK else {
            throw ServiceError(status: 500, code: "InternalServerError", message: "zlib cannot be started: out of memory")
        }
    }

    deinit {
        deflateEnd(&stream)
        output.deallocate()
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws {
        plainHash.update(bytes)
        stream.next_in = UnsafeMutablePointer(mutating: bytes.bindMemory(to: UInt8.self).baseAddress)
        stream.avail_in = UInt32(bytes.count)
        while stream.avail_in > 0 { _ = try step(Z_NO_FLUSH) }
    }

    func append(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try append($0) } }

    /// - Returns: the digests of what went in and of what came out.
    func finish() throws -> (plain: Digest, compressed: Digest) {
        stream.next_in = nil
        stream.avail_in = 0
        while try step(Z_FINISH) != Z_STREAM_END {}
        return (plainHash.finish(), compressedHash.finish())
    }

    private func step(_ flush: CInt) throws -> CInt {
        stream.next_out = output.bindMemory(to: UInt8.self).baseAddress
        stream.avail_out = UInt32(output.count)
        let result = deflate(&stream, flush)
        guard result != Z_STREAM_ERROR else {
            throw ServiceError(status: 500, code: "InternalServerError", message: "zlib cannot compress")
        }
        let bytes = UnsafeRawBufferPointer(rebasing: output[..<(output.count - Int(stream.avail_out))])
        if !bytes.isEmpty {
            compressedHash.update(bytes)
            compressedBytes += UInt64(bytes.count)
            try write(bytes)
        }
        return result
    }
}
