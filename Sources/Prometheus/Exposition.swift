// SPDX-License-Identifier: Apache-2.0

/// Writes series as text. Source: Prometheus, "Exposition formats", text format 0.0.4.
enum Exposition {
    static func text(_ all: [String: [PrometheusRegistry.Labels: Series]], _ families: [String: MetricFamily]) -> String {
        var out = ""
        for (name, series) in all.sorted(by: { $0.key < $1.key }) {
            guard let first = series.first?.value else { continue }
            // What is looked up is a gauge here; the name says whether it only grows.
            let type = name.hasSuffix("_total") ? "counter" : first.type
            if let help = families[name]?.help {
                out += "# HELP \(name) \(help.replacing("\\", with: "\\\\").replacing("\n", with: "\\n"))\n"
            }
            out += "# TYPE \(name) \(type)\n"
            let lines = series.map { (labels: text($0.key), series: $0.value) }.sorted { $0.labels < $1.labels }
            for line in lines { write(line.series, name, line.labels, to: &out) }
        }
        return out
    }

    private static func write(_ series: Series, _ name: String, _ labels: String, to out: inout String) {
        switch series {
        case .counter(let counter): out += "\(name)\(braced(labels)) \(counter.value)\n"
        case .gauge(let gauge): out += "\(name)\(braced(labels)) \(number(gauge.value))\n"
        case .histogram(let histogram):
            let snapshot = histogram.snapshot()
            var total = 0
            for (index, count) in snapshot.counts.enumerated() {
                total += count
                let bound = index < histogram.bounds.count ? number(histogram.bounds[index]) : "+Inf"
                out += "\(name)_bucket\(braced(labels, "le=\"\(bound)\"")) \(total)\n"
            }
            out += "\(name)_sum\(braced(labels)) \(number(snapshot.sum))\n"
            out += "\(name)_count\(braced(labels)) \(total)\n"
        }
    }

    private static func text(_ labels: PrometheusRegistry.Labels) -> String {
        labels.pairs.map { "\($0.name)=\"\(escaped($0.value))\"" }.joined(separator: ",")
    }

    private static func braced(_ labels: String, _ more: String = "") -> String {
        let inner = labels.isEmpty || more.isEmpty ? labels + more : labels + "," + more
        return inner.isEmpty ? "" : "{\(inner)}"
    }

    private static func escaped(_ value: String) -> String {
        var result = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
    }
}
