// SPDX-License-Identifier: Apache-2.0

/// How long a function has lain idle between its calls, and how long its instance should be away and be kept after the next one.
///
/// The policy is that of *Serverless in the Wild* (Shahrad et al., USENIX ATC 2020, §4.2): idle times fall into bins of a minute up to four hours. Where
/// they gather in few bins, the instance ends at once, starts again before the 5th percentile and is kept to the 99th, with a tenth of margin; where
/// they do not, or too many lie beyond, a fixed time is better.
package struct IdleHistogram: Hashable, Sendable {
    package struct Windows: Hashable, Sendable {
        /// Seconds from the end of a call to the start of the next instance; 0 keeps the one that there is.
        package var preWarm: Double
        /// Seconds that an instance is kept without a call, from there on.
        package var keepAlive: Double
    }

    package static let binSeconds = 60.0
    package static let binCount = 240
    /// Fewer idle times than this say nothing.
    private static let leastObservations = 5
    /// The coefficient of variation of the bins from which on they count as gathered.
    private static let leastVariation = 2.0
    private static let mostOutside = 0.5
    private static let margin = 0.1

    private var bins = [UInt32](repeating: 0, count: binCount)
    private var inside = 0
    private var outside = 0
    /// The sum of the squares of all bins, kept up to date so that looking costs nothing.
    private var squares = 0.0

    package init() {}

    /// - Parameter seconds: from the end of a call to the next one's arrival.
    package mutating func observe(_ seconds: Double) {
        let bin = Int(max(0, seconds) / Self.binSeconds)
        guard bin < Self.binCount else {
            outside += 1
            return
        }
        squares += 2 * Double(bins[bin]) + 1
        bins[bin] += 1
        inside += 1
    }

    /// Nil where the past says too little: then a fixed time holds.
    package var windows: Windows? {
        guard inside >= Self.leastObservations, Double(outside) <= Self.mostOutside * Double(inside + outside),
            variation >= Self.leastVariation
        else { return nil }
        let head = (Double(bin(at: 0.05)) * Self.binSeconds) * (1 - Self.margin)
        let tail = (Double(bin(at: 0.99) + 1) * Self.binSeconds) * (1 + Self.margin)
        return Windows(preWarm: head, keepAlive: tail - head)
    }

    private var variation: Double {
        let mean = Double(inside) / Double(Self.binCount)
        return (squares / Double(Self.binCount) - mean * mean).squareRoot() / mean
    }

    /// The bin below whose end this share of all idle times lies.
    private func bin(at share: Double) -> Int {
        var left = (share * Double(inside)).rounded(.up)
        for (index, count) in bins.enumerated() {
            left -= Double(count)
            if left <= 0 { return index }
        }
        return Self.binCount - 1
    }
}
