// SPDX-License-Identifier: Apache-2.0
import FunctionModel

/// Cold starts that were made to be measured.
struct BenchResult: Sendable {
    /// In milliseconds, as the host records them.
    var totals: [Double]
    var failures: Int

    /// Nearest rank, so that every figure is one that was measured.
    func percentile(_ percent: Int) -> Double {
        let sorted = totals.sorted()
        return sorted.isEmpty ? 0 : sorted[max(0, (sorted.count * percent + 99) / 100 - 1)]
    }

    /// How many starts took how long.
    var markup: String {
        let (lowest, highest) = (totals.min() ?? 0, totals.max() ?? 0)
        let count = 24
        let width = max((highest - lowest) / Double(count), 0.001)
        var bins = [Int](repeating: 0, count: count)
        for total in totals { bins[min(count - 1, Int((total - lowest) / width))] += 1 }
        let most = Double(max(1, bins.max() ?? 1))
        let (top, bottom) = (24.0, 140.0)
        let figures = [50, 90, 99].map { (percent: $0, value: percentile($0)) }
        let words = figures.map { "p\($0.percent) \(milliseconds($0.value))" }.joined(separator: ", ")
        var svg = SVG(height: 166, label: "\(totals.count) cold starts from \(milliseconds(lowest)) to \(milliseconds(highest)): \(words)")
        svg.line("grid", x1: 0, y1: bottom, x2: 100, y2: bottom)
        for (index, bin) in bins.enumerated() where bin > 0 {
            let height = Double(bin) / most * (bottom - top)
            let from = lowest + Double(index) * width
            svg.bar(
                "cold", x: Double(index) * 100 / Double(count), y: bottom - height, width: 100 / Double(count) - 0.4, height: height,
                title: "\(bin) from \(milliseconds(from)) to \(milliseconds(from + width))")
        }
        for figure in figures {
            let x = highest > lowest ? (figure.value - lowest) / (highest - lowest) * 100 : 0
            svg.line("mark", x1: x, y1: 16, x2: x, y2: bottom)
            svg.text("p\(figure.percent)", "axis", x: x, y: 12, anchor: x > 50 ? .end : .start)
        }
        svg.text(milliseconds(lowest), "axis", x: 0, y: 160)
        svg.text(milliseconds(highest), "axis", x: 100, y: 160, anchor: .end)
        return svg.markup
    }
}

extension Console {
    /// The most cold starts that one form makes.
    private static let mostRuns = 50
    /// What a browser surely waits for, in milliseconds.
    private static let mostTime: Int64 = 60_000

    /// Ends all instances and calls once, again and again. Calls of others meet the same new instances.
    func coldBench(_ function: String, _ form: [String: String]) async throws -> BenchResult {
        guard let runs = Int(form["runs"] ?? ""), (1...Self.mostRuns).contains(runs) else {
            throw ServiceError.invalidArgument("runs: '\(form["runs"] ?? "")' must be a number from 1 to \(Self.mostRuns)")
        }
        let end = host.now() + Self.mostTime
        var result = BenchResult(totals: [], failures: 0)
        for _ in 0..<runs where host.now() < end {
            _ = try await host.api("DELETE", "\(Self.ownPath(function))/instances", nil)
            let answer = try await host.call(
                ConsoleCall(function: function, qualifier: "LATEST", kind: .event, headers: [], payload: form["payload"] ?? ""))
            guard let timing = answer.header("server-timing"), answer.status == 200 else {
                result.failures += 1
                continue
            }
            result.totals.append(Self.sum(timing))
        }
        return result
    }

    /// The phases' durations together. Source of the form: W3C Server Timing, section 2.
    static func sum(_ timing: String) -> Double {
        timing.split(separator: ",").reduce(0) { total, metric in
            let duration = metric.split(separator: ";").map { $0.filter { $0 != " " } }.first { $0.hasPrefix("dur=") }
            return total + (duration.flatMap { Double($0.dropFirst(4)) } ?? 0)
        }
    }

    static func benchValues(_ result: BenchResult?) -> [String: Any] {
        guard let result else { return ["hasBench": false] }
        return [
            "hasBench": true, "benchRuns": result.totals.count, "benchFailures": result.failures, "benchFailed": result.failures > 0,
            "benchPicture": result.markup, "hasBenchPicture": !result.totals.isEmpty, "benchP50": milliseconds(result.percentile(50)),
            "benchP90": milliseconds(result.percentile(90)), "benchP99": milliseconds(result.percentile(99)),
        ]
    }
}
