// SPDX-License-Identifier: Apache-2.0
internal import CoreMetrics
internal import Synchronization

/// One series: the numbers of one name with one set of labels.
enum Series: Sendable {
    case counter(CounterSeries)
    case gauge(GaugeSeries)
    case histogram(HistogramSeries)

    var type: String {
        switch self {
        case .counter: "counter"
        case .gauge: "gauge"
        case .histogram: "histogram"
        }
    }

    /// A histogram's is the number of its observations.
    var value: Double {
        switch self {
        case .counter(let counter): Double(counter.value)
        case .gauge(let gauge): gauge.value
        case .histogram(let histogram): Double(histogram.snapshot().counts.reduce(0, +))
        }
    }
}

final class CounterSeries: CounterHandler {
    private let cells = ShardedCells(count: 1)

    var value: Int { cells.sum(0) }

    func increment(by amount: Int64) { cells.add(Int(amount), to: 0) }
    func reset() { cells.reset() }
}

final class GaugeSeries: MeterHandler, RecorderHandler {
    private let bits = Atomic<UInt64>(0)

    var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }
    func increment(by amount: Double) { add(amount) }
    func decrement(by amount: Double) { add(-amount) }

    private func add(_ amount: Double) {
        var known = bits.load(ordering: .relaxed)
        while true {
            let next = (Double(bitPattern: known) + amount).bitPattern
            let (exchanged, original) = bits.weakCompareExchange(expected: known, desired: next, ordering: .relaxed)
            if exchanged { return }
            known = original
        }
    }
}

/// Observations by size. What is observed are durations; a recorder's values count as seconds.
final class HistogramSeries: TimerHandler, RecorderHandler {
    struct Snapshot {
        /// For each bucket its own observations, the last one without a bound.
        var counts: [Int]
        /// Of all observations, in seconds.
        var sum: Double
    }

    let bounds: [Double]
    /// The same in nanoseconds.
    private let limits: [Int64]
    /// A cell for each bucket, one for what exceeds all bounds, and the sum in nanoseconds.
    private let cells: ShardedCells

    init(bounds: [Double]) {
        self.bounds = bounds
        limits = bounds.map { Int64(($0 * 1e9).rounded()) }
        cells = ShardedCells(count: bounds.count + 2)
    }

    func recordNanoseconds(_ duration: Int64) {
        var bucket = 0
        while bucket < limits.count, duration > limits[bucket] { bucket += 1 }
        cells.add(1, to: bucket)
        cells.add(Int(duration), to: limits.count + 1)
    }

    func record(_ value: Int64) { recordNanoseconds(value * 1_000_000_000) }
    func record(_ value: Double) { recordNanoseconds(Int64(value * 1e9)) }

    func snapshot() -> Snapshot {
        Snapshot(counts: (0...limits.count).map(cells.sum), sum: Double(cells.sum(limits.count + 1)) / 1e9)
    }
}
