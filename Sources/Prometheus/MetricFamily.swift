// SPDX-License-Identifier: Apache-2.0

/// What is said once about all series of one name.
public struct MetricFamily: Hashable, Sendable {
    /// Snake case, with the unit, and `_total` behind a counter. Source: Prometheus, "Metric and label naming".
    public var name: String
    public var help: String
    /// Upper bounds of a histogram's buckets in seconds, ascending; the one without a bound is added.
    public var buckets: [Double]

    public init(_ name: String, _ help: String, buckets: [Double] = Self.callSeconds) {
        self.name = name
        self.help = help
        self.buckets = buckets
    }

    /// From a warm call of a small program to a long job.
    public static let callSeconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60]
    /// The parts of a start, of which some take microseconds.
    public static let phaseSeconds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30]
}
