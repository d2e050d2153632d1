// SPDX-License-Identifier: Apache-2.0
internal import CProcessor
internal import Glibc
internal import Synchronization

/// A few numbers that every thread may add to, kept once for each processor, so that threads on different processors never write to the same
/// cache line. A reader adds the copies up.
final class ShardedCells: Sendable {
    /// A power of two: at least one shard for each processor that may run us, 64 at most.
    private static let shards: Int = {
        let processors = max(1, min(64, Int(sysconf(CInt(_SC_NPROCESSORS_CONF)))))
        var count = 1
        while count < processors { count *= 2 }
        return count
    }()
    /// Cells of 8 bytes in a cache line of 64.
    private static let line = 8

    private let stride: Int
    /// Of the processors' numbers: a global one would be looked up for each addition.
    private let mask: Int
    // Set once here and freed in `deinit`; what it points to are atomics, so that it may be used from any thread in between.
    private nonisolated(unsafe) let cells: UnsafeMutablePointer<Atomic<Int>>

    init(count: Int) {
        // A line more keeps neighbours apart, wherever in a line the memory begins.
        mask = Self.shards - 1
        stride = (count + Self.line - 1) / Self.line * Self.line + Self.line
        cells = .allocate(capacity: Self.shards * stride)
        for index in 0..<(Self.shards * stride) { (cells + index).initialize(to: Atomic(0)) }
    }

    deinit {
        cells.deinitialize(count: Self.shards * stride)
        cells.deallocate()
    }

    /// A thread that is moved to another processor in the middle of this adds to a foreign shard, which is slower and as right.
    func add(_ amount: Int, to cell: Int) {
        let shard = Int(processor_now()) & mask
        cells[shard * stride + cell].wrappingAdd(amount, ordering: .relaxed)
    }

    func sum(_ cell: Int) -> Int {
        var total = 0
        for shard in 0..<Self.shards { total &+= cells[shard * stride + cell].load(ordering: .relaxed) }
        return total
    }

    func reset() { for index in 0..<(Self.shards * stride) { cells[index].store(0, ordering: .relaxed) } }
}
