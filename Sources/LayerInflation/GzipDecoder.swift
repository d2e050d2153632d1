// SPDX-License-Identifier: Apache-2.0
import CIsal
import Glibc

/// One or more gzip members, one after the other (RFC 1952, 2.2), by isa-l, which takes a quarter of zlib's time. Checksum and size of each are checked.
final class GzipDecoder: Decoder {
    private let state = UnsafeMutablePointer<inflate_state>.allocate(capacity: 1)
    private(set) var isInside = true

    init() { begin() }

    deinit { state.deallocate() }

    private func begin() {
        isal_inflate_init(state)
        state.pointee.crc_flag = UInt32(ISAL_GZIP)
    }

    func run(_ input: inout UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) throws(InflationRefusal) -> Int {
        if !isInside {
            if input.isEmpty { return 0 }
            begin()
            isInside = true
        }
        state.pointee.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
        state.pointee.avail_in = UInt32(input.count)
        state.pointee.next_out = output.bindMemory(to: UInt8.self).baseAddress
        state.pointee.avail_out = UInt32(output.count)
        let result = isal_inflate(state)
        let rest = Int(state.pointee.avail_in)
        guard rest <= input.count, state.pointee.avail_out <= output.count else {
            throw InflationRefusal("the layer's gzip data is damaged: isa-l read past the end")
        }
        input = UnsafeRawBufferPointer(rebasing: input[(input.count - rest)...])
        guard result == ISAL_DECOMP_OK || result == ISAL_END_INPUT || result == ISAL_OUT_OVERFLOW else {
            throw InflationRefusal("the layer's gzip data is damaged: \(Self.words(result))")
        }
        if state.pointee.block_state == ISAL_BLOCK_FINISH { isInside = false }
        return output.count - Int(state.pointee.avail_out)
    }

    /// Source: the error numbers of isa-l's igzip_lib.h.
    private static func words(_ result: CInt) -> String {
        switch result {
        case ISAL_INVALID_BLOCK: "a block has an invalid header"
        case ISAL_INVALID_SYMBOL: "there is an invalid symbol"
        case ISAL_INVALID_LOOKBACK: "it repeats what lies before its beginning"
        case ISAL_INVALID_WRAPPER: "there is no gzip header"
        case ISAL_UNSUPPORTED_METHOD: "it is not compressed by deflate"
        case ISAL_INCORRECT_CHECKSUM: "its checksum is wrong"
        default: "isa-l error \(result)"
        }
    }
}
