// SPDX-License-Identifier: Apache-2.0
import Activation
import ArgumentParser
import FoundationEssentials

struct BenchTraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace", abstract: "Replays a trace of calls against ways of keeping instances.",
        discussion: """
            FILE has a call a line: seconds, function, and optionally the call's duration in seconds and the instance's memory in MB, with commas
            between them. Lines that begin with # and a line of titles are skipped. Nothing is started: what is reported is the share of calls that
            would have been cold, and the memory that would have been held without a call, for fixed times and for windows learned from each
            function's idle times (the policy of Serverless in the Wild).

            Example: swiftlet bench trace calls.csv --keep-alive 60 --keep-alive 600
            """)

    @Argument(help: "The trace.", completion: .file())
    var file: String

    @Option(
        help: ArgumentHelp(
            "A fixed time to compare with, in seconds; may be given several times. (default: 60, 300, 600 and 1200)", valueName: "s"))
    var keepAlive: [Int] = []

    @Flag(help: "Print the figures as JSON.")
    var json = false

    struct Row: Encodable {
        var policy: String
        var cost: TraceReplay.Cost
        var coldShare: Double
    }

    func validate() throws {
        for time in keepAlive where !(0...86400).contains(time) {
            throw ValidationError("--keep-alive is \(time); it must be 0 to 86400 seconds")
        }
    }

    func run() async throws {
        let (path, fixed) = (file, keepAlive.isEmpty ? [60, 300, 600, 1200] : keepAlive)
        let rows = try await onOwnThread {
            let calls = try TraceFile.read(path)
            let policies =
                fixed.map { ("fixed \($0) s", TraceReplay.Policy.fixed(Double($0))) }
                + [("histogram, else \(fixed[fixed.count - 1]) s", .histogram(otherwise: Double(fixed[fixed.count - 1])))]
            return policies.map { name, policy in
                let cost = TraceReplay.cost(of: calls, policy)
                return Row(policy: name, cost: cost, coldShare: cost.coldShare)
            }
        }
        if json { return try Output.json(rows) }
        var table = Table("keep-alive", "calls", "cold", "cold share", "idle memory, MB·s")
        for row in rows {
            table.add(
                row.policy, "\(row.cost.calls)", "\(row.cost.coldStarts)", "\(decimal(row.coldShare * 100, 2)) %",
                decimal(row.cost.idleMegabyteSeconds, 0))
        }
        try Output.out(table.text)
    }
}

/// A trace as text.
enum TraceFile {
    static func read(_ path: String) throws -> [TraceReplay.Call] {
        let data: Data
        do { data = try Data(contentsOf: URL(filePath: path)) } catch { throw CommandFailure("cannot read '\(path)': \(error)") }
        return try parse(String(decoding: data, as: UTF8.self), name: path)
    }

    static func parse(_ text: String, name: String) throws -> [TraceReplay.Call] {
        var calls: [TraceReplay.Call] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let cells = line.split(separator: ",", omittingEmptySubsequences: false).map { $0.trimmingPrefix(while: \.isWhitespace) }
            guard let first = cells.first, !first.isEmpty, !first.hasPrefix("#") else { continue }
            let numbers = [0, 2, 3].map { $0 < cells.count ? Double(cells[$0].filter { !$0.isWhitespace }) : 0 }
            if index == 0, numbers[0] == nil { continue }
            guard cells.count >= 2, !cells[1].isEmpty, let time = numbers[0], let duration = numbers[1], let memory = numbers[2],
                duration >= 0,
                time.isFinite, duration.isFinite
            else {
                throw CommandFailure(
                    "line \(index + 1) of '\(name)' is not 'seconds,function[,duration[,memory]]': \(printable(String(line)))")
            }
            calls.append(
                .init(time: time, function: String(cells[1]), duration: duration, memory: cells.count > 3 ? memory : 256))
        }
        guard !calls.isEmpty else { throw CommandFailure("'\(name)' has no call in it: a line is 'seconds,function[,duration[,memory]]'") }
        return calls
    }
}
