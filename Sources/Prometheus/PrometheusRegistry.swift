// SPDX-License-Identifier: Apache-2.0
public import CoreMetrics
internal import Synchronization

/// All metrics of the host: a factory of swift-metrics, whose numbers are read as Prometheus text.
///
/// Whoever counts keeps the counter; the lock here is taken only when a series is made or everything is read.
public final class PrometheusRegistry: MetricsFactory, Sendable {
    /// One series as it stands.
    public struct Sample: Hashable, Sendable {
        public var labels: [String: String]
        /// A histogram's is the number of its observations.
        public var value: Double
    }

    struct Labels: Hashable, Sendable {
        var pairs: [Pair]

        struct Pair: Hashable, Sendable {
            var name: String
            var value: String
        }

        init(_ dimensions: [(String, String)]) { pairs = dimensions.map { Pair(name: $0, value: $1) }.sorted { $0.name < $1.name } }
    }

    /// What stands in every label of the one series that takes what is beyond the limit.
    static let overflow = "other"

    private let families: [String: MetricFamily]
    private let seriesLimit: Int
    private let series = Mutex<[String: [Labels: Series]]>([:])
    private let collectors = Mutex<[@Sendable () async -> Void]>([])

    /// - Parameters:
    ///   - families: what is known about names; one that is not among them is told without a help text.
    ///   - seriesLimit: series of one name; whatever would be more is counted in one, whose labels all say `other`.
    public init(families: [MetricFamily], seriesLimit: Int = 2000) {
        self.families = Dictionary(families.map { ($0.name, $0) }) { $1 }
        self.seriesLimit = seriesLimit
    }

    /// `collect` is run before every reading, for what is looked up rather than counted.
    public func beforeReading(_ collect: @escaping @Sendable () async -> Void) { collectors.withLock { $0.append(collect) } }

    /// Looks up what is looked up rather than counted.
    public func collect() async { for collect in collectors.withLock({ $0 }) { await collect() } }

    /// The text of all series, in the order of their names. Source: Prometheus, "Exposition formats", text format 0.0.4.
    public func text() async -> String {
        await collect()
        let all = series.withLock { $0 }
        return Exposition.text(all, families)
    }

    /// The series of one name as they stand, nothing collected before.
    public func samples(_ name: String) -> [Sample] {
        let found = series.withLock { $0[name] ?? [:] }
        return found.map { labels, series in
            Sample(labels: Dictionary(labels.pairs.map { ($0.name, $0.value) }) { $1 }, value: series.value)
        }
    }

    /// Takes away every series with this label, because what it was about is gone.
    public func forget(_ label: String, _ value: String) {
        let pair = Labels.Pair(name: label, value: value)
        series.withLock { all in
            for name in all.keys { all[name] = all[name]?.filter { !$0.key.pairs.contains(pair) } }
        }
    }

    /// Sets the gauges of one name to exactly these values: a series that is not among them goes.
    public func setGauges(_ name: String, _ values: [(labels: [(String, String)], value: Double)]) {
        let gauges = values.map { labels, value in
            let gauge = GaugeSeries()
            gauge.set(value)
            return (Labels(labels), Series.gauge(gauge))
        }
        series.withLock { $0[name] = Dictionary(gauges.prefix(seriesLimit)) { $1 } }
    }

    // MARK: The factory

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        let made = obtain(label, dimensions) { .counter(CounterSeries()) }
        guard case .counter(let counter) = made else { return NOOPMetricsHandler.instance }
        return counter
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        let made = obtain(label, dimensions) { .gauge(GaugeSeries()) }
        guard case .gauge(let gauge) = made else { return NOOPMetricsHandler.instance }
        return gauge
    }

    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        let made = obtain(label, dimensions) { [bounds = bounds(label)] in
            aggregate ? .histogram(HistogramSeries(bounds: bounds)) : .gauge(GaugeSeries())
        }
        switch made {
        case .counter, nil: return NOOPMetricsHandler.instance
        case .gauge(let gauge): return gauge
        case .histogram(let histogram): return histogram
        }
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let made = obtain(label, dimensions) { [bounds = bounds(label)] in .histogram(HistogramSeries(bounds: bounds)) }
        guard case .histogram(let histogram) = made else { return NOOPMetricsHandler.instance }
        return histogram
    }

    /// Series go by ``forget(_:_:)``, since several owners may hold the same one.
    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {}
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}

    private func bounds(_ name: String) -> [Double] { families[name]?.buckets ?? MetricFamily.callSeconds }

    /// A name keeps the type that its first series has: one of another type is refused, and counts nothing.
    private func obtain(_ name: String, _ dimensions: [(String, String)], make: () -> Series) -> Series? {
        var labels = Labels(dimensions)
        return series.withLock { all in
            var family = all[name] ?? [:]
            if let known = family[labels] { return known }
            if family.count >= seriesLimit {
                for index in labels.pairs.indices { labels.pairs[index].value = Self.overflow }
                if let known = family[labels] { return known }
            }
            let new = make()
            if let first = family.first?.value, first.type != new.type { return nil }
            family[labels] = new
            all[name] = family
            return new
        }
    }
}
