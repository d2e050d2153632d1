// SPDX-License-Identifier: Apache-2.0
import FunctionModel

/// Shows a load on stderr: one line that is drawn anew on a terminal, a line an event elsewhere.
struct LoadDisplay {
    private var progress: LoadProgress
    private let isTerminal: Bool
    private let start = ContinuousClock.now

    init(progress: LoadProgress, isTerminal: Bool) {
        self.progress = progress
        self.isTerminal = isTerminal
    }

    /// - Returns: whether this was the last event, of a success.
    /// - Throws: ``CommandFailure`` with the host's words, of a failure.
    mutating func show(_ event: [String: JSONValue]) throws -> Bool {
        let elapsed = (ContinuousClock.now - start).components
        let line = progress.take(event, after: Double(elapsed.seconds) + Double(elapsed.attoseconds) / 1e18)
        let name = event["event"]?.string
        if isTerminal {
            // To the first column, and clear to the end of the line.
            try Output.note(unfinished: "\r\(progress.line)\u{1B}[K" + (name == "loaded" || name == "error" ? "\n" : ""))
        } else if let line {
            try Output.note(line)
        }
        if name == "error" {
            throw CommandFailure("\(event["Code"]?.string ?? "Error"): \(event["Message"]?.string ?? "the host gives no reason")")
        }
        return name == "loaded"
    }
}
