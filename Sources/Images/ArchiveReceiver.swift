// SPDX-License-Identifier: Apache-2.0
import CZlib
import FunctionModel
import NIOCore

/// Takes an archive in, takes its own gzip off where it has one, and keeps to the limits. One caller at a time.
final class ArchiveReceiver {
    private enum Form {
        case unknown, plain
        case gzip(ArchiveInflater)
    }

    let file: SpoolFile
    private let limits: ImageLimits
    private var form = Form.unknown
    private var head: [UInt8] = []
    private(set) var received: UInt64 = 0
    private(set) var written: UInt64 = 0

    init(_ file: SpoolFile, limits: ImageLimits) {
        self.file = file
        self.limits = limits
    }

    func take(_ chunk: ByteBuffer) throws {
        received += UInt64(chunk.readableBytes)
        if case .unknown = form {
            head += chunk.readableBytesView
            if head.count < 4 { return }
            try begin()
        } else {
            try chunk.withUnsafeReadableBytes { try take($0) }
        }
    }

    /// Counts bytes that went elsewhere, and leaves a hole for them. Only behind bytes of a plain archive that were taken.
    func skip(_ count: Int) throws {
        received += UInt64(count)
        try grow(by: count)
        try file.skip(count)
    }

    /// Called after the last byte.
    func finish() throws {
        if case .unknown = form { try begin() }
        if case .gzip(let inflater) = form, inflater.inside {
            throw ServiceError.invalidImage("the archive ends in the middle of its gzip data; was it copied whole?")
        }
        guard written > 0 else { throw ServiceError.invalidImage("the archive is empty") }
    }

    private func begin() throws {
        if head.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) {
            throw ServiceError.invalidImage(
                "the archive as a whole is compressed with zstd; run 'zstd -d' on it first, or compress its layers instead")
        }
        form = head.starts(with: [0x1f, 0x8b]) ? .gzip(try ArchiveInflater()) : .plain
        try head.withUnsafeBytes { try take($0) }
        head = []
    }

    private func take(_ bytes: UnsafeRawBufferPointer) throws {
        if case .gzip(let inflater) = form {
            try inflater.inflate(bytes) { try write($0) }
        } else {
            try write(bytes)
        }
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws {
        try grow(by: bytes.count)
        try file.append(bytes)
    }

    private func grow(by count: Int) throws {
        written += UInt64(count)
        guard written <= limits.archiveBytes else {
            throw ServiceError.invalidImage("the archive is larger than the limit of \(limits.archiveBytes) bytes")
        }
        if written > 64 << 20, written / limits.archiveRatio > received {
            throw ServiceError.invalidImage(
                "the archive gets more than \(limits.archiveRatio) times larger when its gzip is taken off, which is the limit")
        }
    }
}

/// gzip off, for an archive that was compressed as a whole.
private final class ArchiveInflater {
    private var stream = z_stream()
    private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
    private(set) var inside = true

    init() throws {
        guard inflateInit2_(&stream, 31, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw ServiceError(status: 500, code: "InternalServerError", message: "zlib cannot be started: out of memory")
        }
    }

    deinit {
        inflateEnd(&stream)
        output.deallocate()
    }

    func inflate(_ bytes: UnsafeRawBufferPointer, write: (UnsafeRawBufferPointer) throws -> Void) throws {
        stream.next_in = UnsafeMutablePointer(mutating: bytes.bindMemory(to: UInt8.self).baseAddress)
        stream.avail_in = UInt32(bytes.count)
        repeat {
            if !inside {
                if stream.avail_in == 0 { return }
                inflateReset(&stream)
                inside = true
            }
            stream.next_out = output.bindMemory(to: UInt8.self).baseAddress
            stream.avail_out = UInt32(output.count)
            let result = CZlib.inflate(&stream, Z_NO_FLUSH)
            switch result {
            case Z_STREAM_END: inside = false
            case Z_OK, Z_BUF_ERROR: break
            default:
                let reason = stream.msg.map { String(cString: $0) } ?? "zlib error \(result)"
                throw ServiceError.invalidImage("the archive's gzip data is damaged: \(reason)")
            }
            let count = output.count - Int(stream.avail_out)
            if count > 0 { try write(UnsafeRawBufferPointer(rebasing: output[..<count])) }
        } while stream.avail_in > 0 || stream.avail_out == 0
    }
}
