// SPDX-License-Identifier: Apache-2.0

/// The three figures that every table of times has.
package struct Percentiles: Hashable, Sendable, Encodable {
    package var p50: Double
    package var p90: Double
    package var p99: Double

    /// Nearest rank: the smallest value that at least so many percent of all values do not exceed. So every figure is one that was measured.
    ///
    /// - Returns: nil where there is no value.
    package init?(_ values: [Double]) {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        func rank(_ percent: Int) -> Double { sorted[max(0, (sorted.count * percent + 99) / 100 - 1)] }
        (p50, p90, p99) = (rank(50), rank(90), rank(99))
    }
}
