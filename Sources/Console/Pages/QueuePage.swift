// SPDX-License-Identifier: Apache-2.0
import FunctionModel

extension Console {
    /// Asynchronous invocations: how many wait and for how long, and those that failed for good.
    func queue(_ visit: Visit, notice: String? = nil) async throws -> ConsoleAnswer {
        guard let queues = (try await ask("/swiftlet/v1/queue"))?["queues"]?.array else {
            throw ServiceError(status: 404, code: "NotFound", message: "this host has no queue of asynchronous invocations")
        }
        var rows: [[String: Any]] = []
        for queue in queues {
            let name = queue["function"]?.string ?? ""
            let steps = FunctionSteps(try await ask("\(Self.ownPath(name))/history"))
            rows.append([
                "function": name, "path": Self.escape(name), "waiting": queue["waiting"]?.integer ?? 0,
                "running": queue["running"]?.integer ?? 0, "done": queue["done"]?.integer ?? 0, "dead": queue["dead"]?.integer ?? 0,
                "retries": queue["retries"]?.integer ?? 0,
                "age": queue["oldestAgeMs"]?.number.map { milliseconds($0) } ?? "–",
                "depthPicture": steps.plot(\.waiting, "\(name): invocations that waited in the last hour") { "\(Int($0))" },
                "agePicture": steps.plot(\.oldestAge, "\(name): age of the oldest in the last hour") { milliseconds($0 * 1000) },
            ])
        }
        let letters = (try await ask("/swiftlet/v1/dead-letters?limit=100"))?["deadLetters"]?.array ?? []
        let tasks = try await newestTasks(queues.compactMap { $0["function"]?.string })
        return try pages.page(
            "queue", title: "Queue", visit,
            [
                "queues": rows, "isEmpty": rows.isEmpty, "letters": letters.map(Self.letter), "hasLetters": !letters.isEmpty,
                "tasks": tasks,
                "hasTasks": !tasks.isEmpty, "notice": notice ?? "", "hasNotice": notice != nil,
            ])
    }

    /// The newest tasks of the functions that have any.
    private func newestTasks(_ functions: [String]) async throws -> [[String: Any]] {
        var tasks: [[String: Any]] = []
        for function in functions.prefix(20) {
            let page = try await ask("\(Self.functionPath(function))/async-tasks?limit=10")
            for task in page?["tasks"]?.array ?? [] {
                let status = task["status"]?.string ?? ""
                tasks.append([
                    "function": function, "task": task["taskId"]?.string ?? "", "status": status,
                    "statusClass": Self.stateClass(status),
                    "since": Self.time(task["startedTime"] ?? task["acceptedTime"]),
                ])
            }
        }
        return tasks
    }

    private static func stateClass(_ status: String) -> String {
        switch status {
        case "Succeeded": "state-active"
        case "Failed", "Expired", "Invalid": "state-failed"
        default: "state-pending"
        }
    }

    private static func letter(_ letter: JSONValue) -> [String: Any] {
        [
            "function": letter["function"]?.string ?? "", "task": letter["taskId"]?.string ?? "", "reason": letter["reason"]?.string ?? "",
            "error": String((letter["error"]?.string ?? "").prefix(300)), "attempts": letter["attemptCount"]?.integer ?? 0,
            "ended": time(letter["endTime"]),
        ]
    }

    /// Times come as milliseconds or as texts.
    private static func time(_ value: JSONValue?) -> String {
        value?.integer.map { timeWords(Timestamp(milliseconds: Int64($0)).rfc3339) } ?? timeWords(value?.string)
    }

    /// The forms of the page: one dead letter, or all of them, again.
    func act(onQueue action: String, _ request: ConsoleRequest, _ visit: Visit) async throws -> ConsoleAnswer {
        let (function, task) = (request.form["function"] ?? "", request.form["task"] ?? "")
        switch action {
        case "redrive" where !function.isEmpty && !task.isEmpty:
            let body: JSONValue = ["function": .string(function), "tasks": [.string(task)]]
            return try await redriven(body, visit)
        case "redrive-all": return try await redriven(["all": true], visit)
        default: throw ServiceError(status: 404, code: "NotFound", message: "there is no action '\(action)'")
        }
    }

    private func redriven(_ body: JSONValue, _ visit: Visit) async throws -> ConsoleAnswer {
        let answer = try await host.api("POST", "/swiftlet/v1/dead-letters/redrive", body)
        return try await queue(visit, notice: "\(answer["redriven"]?.integer ?? 0) sent again")
    }
}

extension FunctionSteps {
    /// A value over the last hour, as columns.
    func plot(_ value: (Step) -> Double, _ label: String, words: (Double) -> String) -> String {
        let newest = steps.suffix(360)
        let size = 6
        let columns = stride(from: newest.startIndex, to: newest.endIndex, by: size).map { start in
            newest[start..<min(start + size, newest.endIndex)].map(value).max() ?? 0
        }
        let highest = columns.max() ?? 0
        var svg = SVG(height: 46, label: "\(label), \(words(highest)) at most")
        svg.line("grid", x1: 0, y1: 45, x2: 100, y2: 45)
        for (index, column) in columns.enumerated() where column > 0 {
            let height = max(2, column / highest * 28)
            svg.bar(
                "warm", x: 100 - Double(columns.count - index) * 100 / 60, y: 45 - height, width: 1.3, height: height, title: words(column))
        }
        svg.text("at most \(words(highest))", "axis", x: 0, y: 12)
        return svg.markup
    }
}
