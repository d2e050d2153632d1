// SPDX-License-Identifier: Apache-2.0
internal import DequeModule
internal import NIOCore

/// Bytes that the kernel has not taken yet, in their order.
struct PendingBytes {
    private var buffers: Deque<ByteBuffer> = []
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }
    var first: ByteBuffer? { buffers.first }

    mutating func append(_ bytes: ByteBuffer) {
        guard bytes.readableBytes > 0 else { return }
        buffers.append(bytes)
        count += bytes.readableBytes
    }

    /// So many bytes have gone out, all of them of the first buffer.
    mutating func removeFirst(_ gone: Int) {
        count -= gone
        guard !buffers.isEmpty else { return }
        if gone == buffers[0].readableBytes { buffers.removeFirst() } else { buffers[0].moveReaderIndex(forwardBy: gone) }
    }
}
