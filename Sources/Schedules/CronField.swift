// SPDX-License-Identifier: Apache-2.0

/// The values that one field of a cron expression allows.
///
/// A field is `*` or `?`, a value, a range `a-b`, a step `*/n`, `a-b/n` or `a/n` (from a on), or several of these with commas between them.
struct CronField: Hashable, Sendable {
    enum Kind: String {
        case second, minute, hour, day, month, weekday

        var range: ClosedRange<Int> {
            switch self {
            case .second, .minute: 0...59
            case .hour: 0...23
            case .day: 1...31
            case .month: 1...12
            case .weekday: 0...7
            }
        }

        var names: [String] {
            switch self {
            case .month: ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
            case .weekday: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
            default: []
            }
        }
    }

    /// One bit a value.
    private var values: UInt64 = 0
    /// Whether it was written with `*` or `?`: it then restricts nothing by itself, even with a step.
    let isWildcard: Bool

    init(_ text: String, _ kind: Kind) throws(ScheduleError) {
        isWildcard = text.contains { $0 == "*" || $0 == "?" }
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let stepped = part.split(separator: "/", omittingEmptySubsequences: false)
            guard (1...2).contains(stepped.count), let base = stepped.first, !base.isEmpty else { throw Self.wrong(text, kind) }
            var step = 1
            if stepped.count == 2 {
                guard let number = Self.number(stepped[1]), number >= 1 else { throw Self.wrong(text, kind) }
                step = number
            }
            let range = try Self.range(base, kind, isOpen: stepped.count == 2, text)
            for value in stride(from: range.lowerBound, through: range.upperBound, by: step) {
                // Sunday has two numbers.
                values |= 1 << UInt64(kind == .weekday && value == 7 ? 0 : value)
            }
        }
    }

    func contains(_ value: Int) -> Bool { values & (1 << UInt64(value)) != 0 }

    /// The smallest value that is not below `start`.
    func first(from start: Int) -> Int? {
        guard start < 64 else { return nil }
        let rest = values >> UInt64(start)
        return rest == 0 ? nil : start + rest.trailingZeroBitCount
    }

    /// - Parameter isOpen: whether a single value means all from it on, since a step follows.
    private static func range(_ base: Substring, _ kind: Kind, isOpen: Bool, _ text: String) throws(ScheduleError) -> ClosedRange<Int> {
        if base == "*" || base == "?" { return kind.range.lowerBound...(kind == .weekday ? 6 : kind.range.upperBound) }
        let ends = base.split(separator: "-", omittingEmptySubsequences: false)
        guard (1...2).contains(ends.count), let first = value(ends[0], kind) else { throw wrong(text, kind) }
        if ends.count == 1 { return first...(isOpen ? max(first, kind == .weekday ? 6 : kind.range.upperBound) : first) }
        guard var last = value(ends[1], kind) else { throw wrong(text, kind) }
        // A week may end on Sunday, as in FRI-SUN.
        if kind == .weekday, last == 0, first > 0 { last = 7 }
        guard first <= last else { throw wrong(text, kind) }
        return first...last
    }

    private static func value(_ text: Substring, _ kind: Kind) -> Int? {
        if let index = kind.names.firstIndex(of: text.uppercased()) { return index + kind.range.lowerBound }
        return number(text).flatMap { kind.range.contains($0) ? $0 : nil }
    }

    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.count <= 4, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int(text)
    }

    private static func wrong(_ text: String, _ kind: Kind) -> ScheduleError {
        let names = kind.names.isEmpty ? "" : ", or \(kind.names[0]) to \(kind.names[kind.names.count - 1])"
        return ScheduleError(
            "the field '\(kind.rawValue)' is '\(text)'; it takes \(kind.range.lowerBound) to \(kind.range.upperBound)\(names), '*', ranges a-b, steps /n,"
                + " and lists of these with commas")
    }
}
