// SPDX-License-Identifier: Apache-2.0
import FunctionModel

extension Console {
    /// All functions: what state they are in, what runs, what happened in the last hour.
    func functionList(_ visit: Visit) async throws -> ConsoleAnswer {
        let functions = try await list("/2023-03-30/functions", "functions")
        let facts = try await get("/swiftlet/v1/host")
        var rows: [[String: Any]] = []
        var (invocations, coldStarts, errors, alive) = (0, 0, 0, 0)
        for function in functions {
            let name = function["functionName"]?.string ?? ""
            let steps = FunctionSteps(try await ask("\(Self.ownPath(name))/history"))
            let instances = try await list("\(Self.functionPath(name))/instances", "instances")
            invocations += steps.invocations
            coldStarts += steps.coldStarts
            errors += steps.errors
            alive += instances.count
            let state = function["state"]?.string ?? ""
            rows.append([
                "name": name, "path": Self.escape(name), "state": state, "stateClass": "state-\(state.lowercased())",
                "reason": function["stateReason"]?.string ?? "", "image": function["customContainerConfig"]?["image"]?.string ?? "",
                "instances": instances.count, "invocations": steps.invocations, "errors": steps.errors,
                "coldShare": share(steps.coldStarts, of: steps.invocations), "trend": steps.trend(name),
            ])
        }
        return try pages.page(
            "functions", title: "Functions", visit,
            [
                "functions": rows, "isEmpty": rows.isEmpty, "count": rows.count, "instances": alive, "invocations": invocations,
                "coldShare": share(coldStarts, of: invocations), "errors": errors, "listen": facts["listen"]?.string ?? "",
                "started": timeWords(facts["startedTime"]?.string),
            ])
    }
}

/// A part in words.
func share(_ part: Int, of whole: Int) -> String {
    whole == 0 ? "–" : "\(short((Double(part) / Double(whole) * 1000).rounded() / 10)) %"
}

/// What a function went through in the last hour, in steps of ten seconds.
struct FunctionSteps {
    struct Step {
        var time: String
        var invocations: Int
        var errors: Int
        var coldStarts: Int
        /// Asynchronous invocations that waited at the end of it.
        var waiting = 0.0
        /// In seconds.
        var oldestAge = 0.0
    }

    let steps: [Step]

    /// - Parameter history: as `GET …/history` tells it.
    init(_ history: JSONValue?) {
        steps = (history?["steps"]?.array ?? []).map { step in
            Step(
                time: step["time"]?.string ?? "", invocations: step["invocations"]?.integer ?? 0, errors: step["errors"]?.integer ?? 0,
                coldStarts: step["coldStarts"]?.integer ?? 0, waiting: step["waiting"]?.number ?? 0,
                oldestAge: step["oldestAge"]?.number ?? 0)
        }
    }

    var invocations: Int { steps.reduce(0) { $0 + $1.invocations } }
    var errors: Int { steps.reduce(0) { $0 + $1.errors } }
    var coldStarts: Int { steps.reduce(0) { $0 + $1.coldStarts } }

    /// The newest `count * size` steps, `size` of them put together.
    func columns(_ count: Int, of size: Int) -> [Step] {
        var columns: [Step] = []
        var rest = steps.suffix(count * size)
        while !rest.isEmpty {
            let group = rest.suffix(size)
            rest = rest.dropLast(size)
            columns.insert(
                Step(
                    time: group.last?.time ?? "", invocations: group.reduce(0) { $0 + $1.invocations },
                    errors: group.reduce(0) { $0 + $1.errors }, coldStarts: group.reduce(0) { $0 + $1.coldStarts }), at: 0)
        }
        return columns
    }

    /// A small picture for a row of a table.
    func trend(_ name: String) -> String {
        let columns = columns(30, of: 12)
        let highest = Double(columns.map(\.invocations).max() ?? 0)
        var svg = SVG(height: 28, label: "\(name): \(invocations) calls in the last hour, \(coldStarts) of them cold")
        svg.line("grid", x1: 0, y1: 27, x2: 100, y2: 27)
        for (index, column) in columns.enumerated() where column.invocations > 0 {
            let x = 100 - Double(columns.count - index) * 100 / 30
            let height = max(2, Double(column.invocations) / highest * 26)
            svg.bar("warm", x: x, y: 27 - height, width: 2.6, height: height, title: "\(column.invocations) calls")
        }
        return svg.markup
    }

    /// Calls over the last hour by minute: warm below, cold above them, failed ones marked.
    func chart(_ name: String) -> String {
        let count = 60
        let columns = columns(count, of: 6)
        let highest = Double(max(1, columns.map(\.invocations).max() ?? 0))
        let (top, bottom) = (22.0, 150.0)
        var svg = SVG(
            height: 176,
            label: "Calls of \(name) by minute in the last hour: \(invocations) in all, \(coldStarts) cold, \(errors) failed")
        for line in 0...2 {
            let y = bottom - (bottom - top) * Double(line) / 2
            svg.line("grid", x1: 0, y1: y, x2: 100, y2: y)
        }
        svg.text("\(Int(highest)) a minute", "axis", x: 0, y: 14)
        for (index, column) in columns.enumerated() where column.invocations > 0 {
            let x = 100 - Double(columns.count - index) * 100 / Double(count)
            let unit = (bottom - top) / highest
            let (warm, cold) = (Double(max(0, column.invocations - column.coldStarts)) * unit, Double(column.coldStarts) * unit)
            let words = "\(timeWords(column.time)): \(column.invocations) calls, \(column.coldStarts) cold, \(column.errors) failed"
            svg.bar("warm", x: x, y: bottom - warm, width: 1.3, height: warm, title: words)
            if column.coldStarts > 0 { svg.bar("cold", x: x, y: bottom - warm - cold, width: 1.3, height: cold, title: words) }
            if column.errors > 0 {
                let height = max(3, Double(column.errors) * unit)
                svg.bar("failed", x: x, y: bottom - height, width: 1.3, height: height, title: words)
            }
        }
        svg.text("an hour ago", "axis", x: 0, y: 170)
        svg.text("now", "axis", x: 100, y: 170, anchor: .end)
        return svg.markup
    }
}
