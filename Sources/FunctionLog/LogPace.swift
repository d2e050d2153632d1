// SPDX-License-Identifier: Apache-2.0
package import NIOCore

/// When what waits of one function's log is written: a thread that is woken for each line would cost more than all else of a call, and each that is woken at
/// all drives the calls from its processor onto another for a while. A pure value.
package struct LogPace {
    package enum Order: Equatable {
        case nothing
        case write
        /// And then to ask by ``LogPace/timePassed(_:)``.
        case wait(TimeAmount, turn: Int)
    }

    private enum State: Equatable {
        case empty
        /// Nothing but begin and end of calls, which nobody is eager to read.
        case marksWait
        case linesWait
        case writing
    }

    package static let lineTime = TimeAmount.milliseconds(20)
    package static let markTime = TimeAmount.milliseconds(100)
    /// Bytes that do not wait any longer.
    package static let size = 1 << 20

    private var state = State.empty
    /// Whether lines came since the last write, and before it: then more will come, and the time for marks would be overtaken.
    private var hasLine = false
    private var expectsLines = false
    /// Which times have not been overtaken.
    private var turn = 0

    package init() {}

    /// - Parameter bytes: all that wait now.
    package mutating func came(line isLine: Bool, bytes: Int) -> Order {
        if isLine { hasLine = true }
        if state == .writing { return .nothing }
        if bytes >= Self.size { return begins() ? .write : .nothing }
        switch (state, isLine) {
        case (.empty, _), (.marksWait, true):
            let isSoon = isLine || expectsLines
            state = isSoon ? .linesWait : .marksWait
            turn += 1
            return .wait(isSoon ? Self.lineTime : Self.markTime, turn: turn)
        case (.marksWait, false), (.linesWait, _), (.writing, _): return .nothing
        }
    }

    /// - Returns: whether to write now.
    package mutating func timePassed(_ turn: Int) -> Bool { turn == self.turn && begins() }

    /// Somebody waits for it.
    ///
    /// - Returns: whether to write now; false where that is under way.
    package mutating func begins() -> Bool {
        defer { state = .writing }
        return state != .writing
    }

    /// What was to be written is.
    ///
    /// - Parameters:
    ///   - bytes: those that have come meanwhile.
    ///   - hasLines: whether there are others than marks among them.
    package mutating func ended(bytes: Int, hasLines: Bool) -> Order {
        state = .empty
        turn += 1
        (expectsLines, hasLine) = (hasLine, false)
        return bytes > 0 ? came(line: hasLines, bytes: bytes) : .nothing
    }
}
