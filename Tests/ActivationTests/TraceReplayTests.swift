// SPDX-License-Identifier: Apache-2.0
import Activation
import Testing

@Suite struct TraceReplayTests {
    private func calls(every seconds: Double, count: Int, function: String = "f") -> [TraceReplay.Call] {
        (0..<count).map { .init(time: Double($0) * seconds, function: function, duration: 1, memory: 100) }
    }

    @Test func `a fixed time is cold exactly where a gap is longer, and holds memory for as long as it lasts`() {
        let trace = [0.0, 10, 100, 1000].map { TraceReplay.Call(time: $0, function: "f", duration: 0, memory: 2) }
        let cost = TraceReplay.cost(of: trace, .fixed(60))
        #expect((cost.calls, cost.coldStarts) == (4, 3))
        #expect(cost.idleMegabyteSeconds == 2 * (10 + 60 + 60))
    }

    @Test func `calls that overlap are warm`() {
        let trace = (0..<10).map { TraceReplay.Call(time: Double($0), function: "f", duration: 100, memory: 1) }
        #expect(TraceReplay.cost(of: trace, .fixed(0)).coldStarts == 1)
    }

    @Test func `a function called every half hour is warm and costs a fraction, once it is known`() {
        let trace = calls(every: 1800, count: 200)
        let (fixed, learned) = (TraceReplay.cost(of: trace, .fixed(600)), TraceReplay.cost(of: trace, .histogram(otherwise: 600)))
        #expect(fixed.coldStarts == 200)
        #expect(learned.coldStarts < 10)
        #expect(learned.idleMegabyteSeconds < fixed.idleMegabyteSeconds)
    }

    @Test func `few idle times, scattered ones, and ones beyond the range say nothing`() {
        var few = IdleHistogram()
        for _ in 0..<4 { few.observe(600) }
        #expect(few.windows == nil)
        var scattered = IdleHistogram()
        for minute in 0..<240 { scattered.observe(Double(minute) * 60) }
        #expect(scattered.windows == nil)
        var beyond = IdleHistogram()
        for _ in 0..<10 { beyond.observe(600) }
        for _ in 0..<11 { beyond.observe(20_000) }
        #expect(beyond.windows == nil)
    }

    @Test func `the windows reach from before the 5th percentile to behind the 99th`() throws {
        var history = IdleHistogram()
        for _ in 0..<100 { history.observe(1830) }
        let windows = try #require(history.windows)
        #expect(windows.preWarm == 1800 * 0.9)
        #expect(windows.preWarm + windows.keepAlive == 1860 * 1.1)
    }

    @Test func `a busy function is kept, not ended and started again`() throws {
        var history = IdleHistogram()
        for _ in 0..<100 { history.observe(3) }
        let windows = try #require(history.windows)
        #expect((windows.preWarm, windows.keepAlive) == (0, 66))
    }
}
