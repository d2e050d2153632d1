// SPDX-License-Identifier: Apache-2.0

/// The newest lines of a text, as many as fit into a bound.
struct TextTail {
    /// Bytes kept, the line ends not counted.
    let limit: Int
    private var lines: [String] = []
    private var first = 0
    private var size = 0

    init(limit: Int) { self.limit = limit }

    mutating func append(_ line: String) {
        lines.append(line)
        size += line.utf8.count
        // The newest stays, however long it is; a line has a bound of its own.
        while size > limit, first < lines.count - 1 {
            size -= lines[first].utf8.count
            lines[first] = ""
            first += 1
        }
        if first > 1024, first > lines.count / 2 {
            lines.removeSubrange(..<first)
            first = 0
        }
    }

    /// Puts a line before all others, unless there is no room for it or lines have been dropped already.
    mutating func prepend(_ line: String) {
        guard first == 0, size + line.utf8.count <= limit else { return }
        lines.insert(line, at: 0)
        size += line.utf8.count
    }

    mutating func clear() {
        lines.removeAll(keepingCapacity: lines.count < 64)
        first = 0
        size = 0
    }

    /// The last lines that fit into `bytes`; where not even the last one does, its end.
    func last(bytes: Int, separator: String, terminated: Bool) -> String {
        var chosen: [String] = []
        var total = 0
        for line in lines[first...].reversed() {
            let cost = line.utf8.count + (chosen.isEmpty && !terminated ? 0 : separator.utf8.count)
            guard total + cost <= bytes else {
                if chosen.isEmpty { chosen = [Self.end(of: line, bytes: bytes - (cost - line.utf8.count))] }
                break
            }
            chosen.append(line)
            total += cost
        }
        let text = chosen.reversed().joined(separator: separator)
        return terminated && !chosen.isEmpty ? text + separator : text
    }

    private static func end(of line: String, bytes: Int) -> String {
        var rest = Substring(line)
        while rest.utf8.count > max(0, bytes) { rest = rest.dropFirst() }
        return String(rest)
    }
}
