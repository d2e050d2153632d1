// SPDX-License-Identifier: Apache-2.0
import CZstd
import Glibc

/// One or more zstd frames, skippable ones included (RFC 8878).
final class ZstdDecoder: Decoder {
    private let stream: OpaquePointer
    private let window: UInt64
    private(set) var isInside = true

    init(window: UInt64) throws(InflationRefusal) {
        guard let stream = ZSTD_createDStream() else { throw InflationRefusal("libzstd cannot be started: out of memory") }
        self.stream = stream
        self.window = window
        // The next power of two is what libzstd can be held to.
        let bits = CInt(UInt64.bitWidth - (window - 1).leadingZeroBitCount)
        guard ZSTD_isError(ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, bits)) == 0 else {
            throw InflationRefusal("libzstd takes no window of \(window) bytes")
        }
    }

    deinit { ZSTD_freeDStream(stream) }

    func run(_ input: inout UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) throws(InflationRefusal) -> Int {
        // With nothing to read libzstd would speak of the next frame, which need not come.
        if input.isEmpty, !isInside { return 0 }
        var from = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var to = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let result = ZSTD_decompressStream(stream, &to, &from)
        guard ZSTD_isError(result) == 0 else {
            if ZSTD_getErrorCode(result) == ZSTD_error_frameParameter_windowTooLarge {
                throw InflationRefusal(
                    "the layer's zstd data makes its reader keep more than the limit of \(window) bytes (swiftlet serve --image-limit window=…)"
                )
            }
            throw InflationRefusal("the layer's zstd data is damaged: \(String(cString: ZSTD_getErrorName(result)))")
        }
        isInside = result != 0
        input = UnsafeRawBufferPointer(rebasing: input[from.pos...])
        return to.pos
    }
}
