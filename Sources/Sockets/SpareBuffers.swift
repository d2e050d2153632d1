// SPDX-License-Identifier: Apache-2.0
package import NIOCore

/// Buffers of one event loop, for the next messages. Who gives one back may not be the last to read it: those that came first are looked at first, and
/// most are free by then.
package final class SpareBuffers {
    /// How many of one size, and how large they are at most: of heads and short messages, and of pieces of long bodies. A request's head is held until
    /// its answer has come: the calls of some dozen connections can be under way without one being missed.
    private var shortOnes = Ring(places: 256)
    private var longOnes = Ring(places: 16)
    private static let short = 4 << 10
    private static let long = 128 << 10
    /// Room that a new one has: one that came back from a short message will do for the next one too.
    private static let least = 2 << 10

    package init() {}

    /// An empty one, which nobody else holds.
    ///
    /// - Parameter bytes: how much will be put into it, as far as is known.
    package func take(for bytes: Int = 0) -> ByteBuffer {
        if var buffer = bytes > Self.short ? longOnes.takeFirst() : shortOnes.takeFirst() {
            if buffer.modifyIfUniquelyOwned({ $0.clear() }) != nil { return buffer }
            // Somebody reads it still. It gets another turn, so that there are as many as are in use at once.
            giveBack(buffer)
        }
        var buffer = ByteBuffer()
        buffer.reserveCapacity(max(bytes, Self.least))
        return buffer
    }

    package func giveBack(_ buffer: consuming ByteBuffer) {
        switch buffer.storageCapacity {
        case Self.least...Self.short: shortOnes.append(buffer)
        case Self.short...Self.long: longOnes.append(buffer)
        default: break
        }
    }
}

/// A queue with a bound; what comes when it is full goes. Its memory is raw, so that to move a buffer in and out counts no reference.
private struct Ring: ~Copyable {
    private let memory: UnsafeMutablePointer<ByteBuffer>
    private let places: Int
    private var (first, count) = (0, 0)

    /// - Parameter places: a power of two.
    init(places: Int) {
        self.places = places
        memory = .allocate(capacity: places)
    }

    deinit {
        for index in 0..<count { (memory + (first + index) & (places - 1)).deinitialize(count: 1) }
        memory.deallocate()
    }

    mutating func takeFirst() -> ByteBuffer? {
        guard count > 0 else { return nil }
        defer { (first, count) = ((first + 1) & (places - 1), count - 1) }
        return (memory + first).move()
    }

    mutating func append(_ buffer: consuming ByteBuffer) {
        guard count < places else { return }
        (memory + (first + count) & (places - 1)).initialize(to: buffer)
        count += 1
    }
}
