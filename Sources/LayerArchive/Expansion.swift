// SPDX-License-Identifier: Apache-2.0
import CZlib
import CZstd

/// How a layer's blob is compressed.
public enum LayerEncoding: String, Hashable, Sendable, CaseIterable {
    case none, gzip, zstd
}

/// Takes the compression off. Another inflater, such as isa-l's, would be another case with the same two calls.
enum Expansion {
    case none
    case gzip(GzipExpansion)
    case zstd(ZstdExpansion)

    init(_ encoding: LayerEncoding) throws(LayerRefusal) {
        switch encoding {
        case .none: self = .none
        case .gzip: self = .gzip(try GzipExpansion())
        case .zstd: self = .zstd(try ZstdExpansion())
        }
    }

    /// Moves the front of `input` past what was used.
    ///
    /// - Returns: bytes written to the front of `output`; 0 where more input is needed first.
    func run(_ input: inout UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) throws(LayerRefusal) -> Int {
        switch self {
        case .none: 0
        case .gzip(let stream): try stream.run(&input, into: output)
        case .zstd(let stream): try stream.run(&input, into: output)
        }
    }

    /// Called at the end of the input: a stream that stops in the middle is an error.
    func finish() throws(LayerRefusal) {
        switch self {
        case .none: break
        case .gzip(let stream): if stream.inside { throw LayerRefusal("the layer ends in the middle of its gzip data") }
        case .zstd(let stream): if stream.inside { throw LayerRefusal("the layer ends in the middle of its zstd data") }
        }
    }
}

/// One or more gzip members, one after the other (RFC 1952, 2.2).
final class GzipExpansion {
    private var stream = z_stream()
    /// Whether a member has begun and not ended. No member at all is no gzip either.
    private(set) var inside = true

    init() throws(LayerRefusal) {
        // 16 + 15: a gzip header and the largest window.
        guard inflateInit2_(&stream, 31, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw LayerRefusal("zlib cannot be started: out of memory")
        }
    }

    deinit { inflateEnd(&stream) }

    func run(_ input: inout UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) throws(LayerRefusal) -> Int {
        if !inside {
            if input.isEmpty { return 0 }
            inflateReset(&stream)
            inside = true
        }
        stream.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
        stream.avail_in = UInt32(input.count)
        stream.next_out = output.bindMemory(to: UInt8.self).baseAddress
        stream.avail_out = UInt32(output.count)
        let result = inflate(&stream, Z_NO_FLUSH)
        input = UnsafeRawBufferPointer(rebasing: input[(input.count - Int(stream.avail_in))...])
        switch result {
        case Z_STREAM_END: inside = false
        case Z_OK, Z_BUF_ERROR: break
        default: throw LayerRefusal("the layer's gzip data is damaged: \(stream.msg.map { String(cString: $0) } ?? "zlib error \(result)")")
        }
        return output.count - Int(stream.avail_out)
    }
}

/// One or more zstd frames, skippable ones included (RFC 8878). The window is at most libzstd's default of 128 MiB.
final class ZstdExpansion {
    private let stream: OpaquePointer
    private(set) var inside = true

    init() throws(LayerRefusal) {
        guard let stream = ZSTD_createDStream() else { throw LayerRefusal("libzstd cannot be started: out of memory") }
        self.stream = stream
    }

    deinit { ZSTD_freeDStream(stream) }

    func run(_ input: inout UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) throws(LayerRefusal) -> Int {
        var from = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var to = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let result = ZSTD_decompressStream(stream, &to, &from)
        guard ZSTD_isError(result) == 0 else {
            throw LayerRefusal("the layer's zstd data is damaged: \(String(cString: ZSTD_getErrorName(result)))")
        }
        inside = result != 0
        input = UnsafeRawBufferPointer(rebasing: input[from.pos...])
        return to.pos
    }
}
