// SPDX-License-Identifier: Apache-2.0
internal import DequeModule
package import NIOCore

/// Buffers of one event loop, for the next messages. Who gives one back may not be the last to read it: those that came first are looked at first, and
/// most are free by then.
package final class SpareBuffers {
    /// How many of one size, and how large they are at most: of heads and short messages, and of pieces of long bodies.
    private static let (mostShort, short) = (64, 4 << 10)
    private static let (mostLong, long) = (16, 128 << 10)
    private var shortOnes: Deque<ByteBuffer> = []
    private var longOnes: Deque<ByteBuffer> = []

    package init() {}

    /// An empty one, which nobody else holds.
    ///
    /// - Parameter bytes: how much will be put into it, as far as is known.
    package func take(for bytes: Int = 0) -> ByteBuffer {
        let found = bytes > Self.short ? longOnes.popFirst() : shortOnes.popFirst()
        guard var buffer = found, buffer.modifyIfUniquelyOwned({ $0.clear() }) != nil else { return ByteBuffer() }
        return buffer
    }

    package func giveBack(_ buffer: consuming ByteBuffer) {
        switch buffer.storageCapacity {
        case 1...Self.short: if shortOnes.count < Self.mostShort { shortOnes.append(buffer) }
        case Self.short...Self.long: if longOnes.count < Self.mostLong { longOnes.append(buffer) }
        default: break
        }
    }
}
