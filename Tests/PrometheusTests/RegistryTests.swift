// SPDX-License-Identifier: Apache-2.0
import CoreMetrics
import Metrics
import Prometheus
import Testing

@Suite struct RegistryTests {
    @Test("a reading has every number, in the format of Prometheus") func aReadingHasEveryNumber() async {
        let registry = PrometheusRegistry(families: [MetricFamily("calls_total", "Calls.\nAll \\ of them.")])
        Counter(label: "calls_total", dimensions: [("name", "a\"b\\c\nd")], factory: registry).increment(by: 3)
        Gauge(label: "open", factory: registry).record(1.5)
        let text = await registry.text()
        #expect(
            text == """
                # HELP calls_total Calls.\\nAll \\\\ of them.
                # TYPE calls_total counter
                calls_total{name="a\\"b\\\\c\\nd"} 3
                # TYPE open gauge
                open 1.5

                """)
    }

    @Test("a histogram's buckets count what is at most their bound, and the last one counts all") func bucketsAddUp() async {
        let registry = PrometheusRegistry(families: [MetricFamily("took_seconds", "", buckets: [0.001, 0.1])])
        let timer = Timer(label: "took_seconds", factory: registry)
        for nanoseconds: Int64 in [1_000_000, 1_000_001, 100_000_000, 5_000_000_000] { timer.recordNanoseconds(nanoseconds) }
        let lines = await registry.text().split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(
            lines == [
                "took_seconds_bucket{le=\"0.001\"} 1", "took_seconds_bucket{le=\"0.1\"} 3", "took_seconds_bucket{le=\"+Inf\"} 4",
                "took_seconds_sum 5.102000001", "took_seconds_count 4",
            ])
    }

    @Test("what many threads count at once is all there") func nothingIsLost() async {
        let registry = PrometheusRegistry(families: [])
        let counter = Counter(label: "calls_total", factory: registry)
        await withTaskGroup { group in
            for _ in 0..<8 { group.addTask { for _ in 0..<10_000 { counter.increment() } } }
        }
        #expect(registry.samples("calls_total").map(\.value) == [80_000])
    }

    @Test("a name has no more series than its limit, and what is beyond is counted together") func theNumberOfSeriesIsBounded() {
        let registry = PrometheusRegistry(families: [], seriesLimit: 10)
        for number in 0..<1000 { Counter(label: "calls_total", dimensions: [("name", "\(number)")], factory: registry).increment() }
        let samples = registry.samples("calls_total")
        #expect(samples.count == 11)
        #expect(samples.first { $0.labels == ["name": "other"] }?.value == 990)
    }

    @Test("the series of a function that is gone go, and those of the others stay") func forgets() {
        let registry = PrometheusRegistry(families: [])
        for name in ["gone", "stays"] { Counter(label: "calls_total", dimensions: [("function", name)], factory: registry).increment() }
        registry.forget("function", "gone")
        #expect(registry.samples("calls_total").map(\.labels) == [["function": "stays"]])
    }

    @Test("a name that is used as two types keeps the first, and no text is made that nobody can read") func keepsItsType() async {
        let registry = PrometheusRegistry(families: [])
        Counter(label: "x", factory: registry).increment()
        Timer(label: "x", factory: registry).recordNanoseconds(1)
        #expect(await registry.text() == "# TYPE x counter\nx 1\n")
    }
}

@Suite struct HistoryTests {
    @Test("steps hold what was counted in each, and the time since the last step is one too") func stepsHoldWhatWasCounted() {
        let registry = PrometheusRegistry(families: [])
        let history = FunctionHistory(registry, names: .init(invocations: "i_total", coldStarts: "c_total"), capacity: 2)
        func call(_ outcome: String) {
            Counter(label: "i_total", dimensions: [("function", "f"), ("outcome", outcome)], factory: registry).increment()
        }
        call("success")
        Counter(label: "c_total", dimensions: [("function", "f")], factory: registry).increment()
        history.step(at: 1)
        call("timeout")
        call("success")
        #expect(
            history.steps(of: "f", now: 2) == [
                .init(time: 1, invocations: 1, errors: 0, coldStarts: 1), .init(time: 2, invocations: 2, errors: 1, coldStarts: 0),
            ])
        for time: Int64 in 3...5 { history.step(at: time) }
        #expect(history.steps(of: "f", now: 6).map(\.time) == [4, 5, 6])
        #expect(history.steps(of: "unknown", now: 6).isEmpty)
    }

    @Test("a function that was deleted and made again begins at nothing") func beginsAnew() {
        let registry = PrometheusRegistry(families: [])
        let history = FunctionHistory(registry, names: .init(invocations: "i_total", coldStarts: "c_total"), capacity: 10)
        let labels = [("function", "f"), ("outcome", "success")]
        Counter(label: "i_total", dimensions: labels, factory: registry).increment(by: 5)
        history.step(at: 1)
        registry.forget("function", "f")
        Counter(label: "i_total", dimensions: labels, factory: registry).increment(by: 2)
        #expect(history.steps(of: "f", now: 2).last == .init(time: 2, invocations: 2, errors: 0, coldStarts: 0))
    }
}
