// SPDX-License-Identifier: Apache-2.0

/// What `bench cold` found, in milliseconds. A pure value.
package struct ColdStartReport: Sendable {
    /// One cold start through the host.
    package struct Run: Sendable, Encodable {
        /// From before the connection to the first byte of the answer, in the client.
        package var total: Double
        /// By name, as the host tells them.
        package var phases: [String: Double]

        package init(total: Double, phases: [String: Double]) {
            self.total = total
            self.phases = phases
        }
    }

    package var function: String
    package var runs: [Run]
    /// Times of the bare program, or why there are none.
    package var bare: Result<[Double], Reason>

    package struct Reason: Error, Sendable {
        package var text: String
        package init(_ text: String) { self.text = text }
    }

    package init(function: String, runs: [Run], bare: Result<[Double], Reason>) {
        self.function = function
        self.runs = runs
        self.bare = bare
    }

    package var text: String {
        var table = Table("ms", "p50", "p90", "p99")
        func row(_ name: String, _ values: [Double]) {
            guard let figures = Percentiles(values) else { return }
            table.add(name, decimal(figures.p50, 2), decimal(figures.p90, 2), decimal(figures.p99, 2))
        }
        row("request to first byte, cold", runs.map(\.total))
        for (phase, name) in zip(ServerTiming.phases, ["route", "launch", "mounts", "exec", "listen", "healthz", "first byte"]) {
            row("  \(name)", runs.compactMap { $0.phases[phase] })
        }
        var notes = "\(function): \(runs.count) cold starts\n"
        switch bare {
        case .success(let values):
            row("bare posix_spawn, same program", values)
            if let cold = Percentiles(runs.map(\.total)), let bare = Percentiles(values), bare.p50 > 0 {
                notes = "\(function): \(runs.count) cold starts and as many bare ones, taken in turns\n"
                let factor = decimal(cold.p50 / bare.p50, 2)
                return notes + table.text
                    + "isolation and host add \(decimal(cold.p50 - bare.p50, 2)) ms at the median (\(factor) times bare)\n"
            }
        case .failure(let reason): return notes + table.text + "the bare program was left out: \(reason.text)\n"
        }
        return notes + table.text
    }

    /// For `--json`.
    package struct Figures: Encodable {
        var function: String
        var unit = "ms"
        var total: Percentiles?
        var phases: [String: Percentiles]
        var bare: Percentiles?
        var bareLeftOut: String?
        var runs: [Run]
        var bareRuns: [Double]?
    }

    package var figures: Figures {
        var phases: [String: Percentiles] = [:]
        for phase in ServerTiming.phases { phases[phase] = Percentiles(runs.compactMap { $0.phases[phase] }) }
        let total = Percentiles(runs.map(\.total))
        switch bare {
        case .success(let values):
            return Figures(function: function, total: total, phases: phases, bare: Percentiles(values), runs: runs, bareRuns: values)
        case .failure(let reason):
            return Figures(function: function, total: total, phases: phases, bareLeftOut: reason.text, runs: runs)
        }
    }
}
