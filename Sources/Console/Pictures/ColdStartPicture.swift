// SPDX-License-Identifier: Apache-2.0
import FunctionModel

/// Where the time of one cold start went: a bar for each phase, one below the other, from the arrival of the request to the first byte of the answer.
struct ColdStartPicture {
    struct Phase: Equatable {
        var name: String
        var words: String
        /// In milliseconds from the arrival of the request.
        var start: Double
        var duration: Double
    }

    /// The phases that the host tells, in their order, with what happens in each.
    static let order: [(name: String, words: String)] = [
        ("route", "route: the function is found, and no instance of it is free"),
        ("queue", "queue: the start waits for its turn"),
        ("launch", "launch: a process, its cgroup and namespaces"),
        ("mounts", "mounts: root and filter; made ahead if parked"),
        ("exec", "exec: the program is loaded; in listen if parked"),
        ("listen", "listen: the program starts and opens its port"),
        ("healthz", "healthz: the health check answers"),
        ("firstByte", "first byte: the request goes in, the answer begins"),
    ]

    let phases: [Phase]
    let total: Double

    /// - Parameter coldStart: as `GET …/cold-starts` tells it.
    init?(_ coldStart: JSONValue) {
        guard let durations = coldStart.object?["phases"]?.object else { return nil }
        var start = 0.0
        var phases: [Phase] = []
        let known = Self.order + durations.keys.filter { key in !Self.order.contains { $0.name == key } }.sorted().map { ($0, $0) }
        for (name, words) in known {
            guard let duration = durations[name]?.number else { continue }
            phases.append(Phase(name: name, words: words, start: start, duration: duration))
            start += duration
        }
        guard !phases.isEmpty else { return nil }
        self.phases = phases
        total = start
    }

    var markup: String {
        let row = 40.0
        let words = phases.map { "\($0.name) \(milliseconds($0.duration))" }.joined(separator: ", ")
        var svg = SVG(height: Int(row) * phases.count + 26, label: "Cold start, \(milliseconds(total)) in all: \(words)")
        let scale = total > 0 ? 100 / total : 0
        for quarter in 0...4 {
            let x = Double(quarter) * 25
            svg.line("grid", x1: x, y1: 0, x2: x, y2: row * Double(phases.count))
            let anchor: SVG.Anchor = quarter == 0 ? .start : quarter == 4 ? .end : .middle
            svg.text(milliseconds(total * Double(quarter) / 4), "axis", x: x, y: row * Double(phases.count) + 18, anchor: anchor)
        }
        for (index, phase) in phases.enumerated() {
            let y = row * Double(index)
            svg.text(phase.words, x: 0, y: y + 14)
            svg.text(milliseconds(phase.duration), "value", x: 100, y: y + 14, anchor: .end)
            svg.bar("track", x: 0, y: y + 20, width: 100, height: 12)
            // Nothing is so short that it is not seen.
            svg.bar(
                "phase phase-\(index % 8)", x: min(99.5, phase.start * scale), y: y + 20, width: max(0.5, phase.duration * scale),
                height: 12,
                title: "\(phase.name): \(milliseconds(phase.duration))")
        }
        return svg.markup
    }
}
