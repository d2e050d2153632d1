// SPDX-License-Identifier: Apache-2.0
internal import DequeModule
package import NIOCore

/// Buffers of short messages of one event loop, for the next ones. Who gives one back may not be the last to read it: those that came first are looked at
/// first, and most are free by then.
package final class SpareBuffers {
    private static let most = 64
    private static let largest = 4 << 10
    private var buffers: Deque<ByteBuffer> = []

    package init() {}

    /// An empty one, which nobody else holds.
    package func take() -> ByteBuffer {
        guard var buffer = buffers.popFirst(), buffer.modifyIfUniquelyOwned({ $0.clear() }) != nil else { return ByteBuffer() }
        return buffer
    }

    package func giveBack(_ buffer: consuming ByteBuffer) {
        guard buffers.count < Self.most, buffer.storageCapacity <= Self.largest, buffer.storageCapacity > 0 else { return }
        buffers.append(buffer)
    }
}
