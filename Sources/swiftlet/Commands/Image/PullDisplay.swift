// SPDX-License-Identifier: Apache-2.0
import FunctionModel

/// Shows a pull on stderr: on a terminal a line for each layer on its way and one for all, drawn anew; a line an event elsewhere.
struct PullDisplay {
    private var progress = PullProgress()
    private let isTerminal: Bool
    private let start = ContinuousClock.now
    /// Lines on the terminal that the next drawing replaces.
    private var drawn = 0

    init(isTerminal: Bool) { self.isTerminal = isTerminal }

    /// - Returns: whether this was the last event, of a success.
    /// - Throws: ``CommandFailure`` with the host's words, of a failure.
    mutating func show(_ event: [String: JSONValue]) throws -> Bool {
        let elapsed = (ContinuousClock.now - start).components
        let line = progress.take(event, after: Double(elapsed.seconds) + Double(elapsed.attoseconds) / 1e18)
        let name = event["event"]?.string
        if isTerminal {
            var text = drawn > 0 ? "\u{1B}[\(drawn)A\r\u{1B}[J" : ""
            if let line { text += "\(line)\n" }
            let live = name == "loaded" || name == "error" ? [] : progress.lines
            text += live.map { "\($0)\n" }.joined()
            drawn = live.count
            try Output.note(unfinished: text)
        } else if let line {
            try Output.note(line)
        }
        if name == "error" {
            throw CommandFailure(
                "\(event["Code"]?.string ?? "Error"): \(printable(event["Message"]?.string ?? "the host gives no reason"))")
        }
        return name == "loaded"
    }
}
