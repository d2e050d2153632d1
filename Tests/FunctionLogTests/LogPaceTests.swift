// SPDX-License-Identifier: Apache-2.0
import FunctionLog
import Testing

@Suite struct LogPaceTests {
    private enum Event {
        case line(Int)
        case mark(Int)
        case time(Int)
        case asked
        case written(Int, lines: Bool)
    }

    /// What is ordered after each event: nothing, `write`, or a time and its turn.
    private func orders(_ events: [Event]) -> [String] {
        var pace = LogPace()
        return events.map { event in
            let order: LogPace.Order =
                switch event {
                case .line(let bytes): pace.came(line: true, bytes: bytes)
                case .mark(let bytes): pace.came(line: false, bytes: bytes)
                case .time(let turn): pace.timePassed(turn) ? .write : .nothing
                case .asked: pace.begins() ? .write : .nothing
                case .written(let bytes, let hasLines): pace.ended(bytes: bytes, hasLines: hasLines)
                }
            switch order {
            case .nothing: return "-"
            case .write: return "write"
            case .wait(let time, let turn): return "\(time == LogPace.lineTime ? "line" : time == LogPace.markTime ? "mark" : "?") \(turn)"
            }
        }
    }

    @Test func theFirstLineWaitsForOthersAndTheyForNothing() {
        #expect(
            orders([.line(100), .line(200), .mark(300), .time(1), .line(100), .written(0, lines: false)])
                == ["line 1", "-", "-", "write", "-", "-"])
    }

    @Test func marksWaitLongerButNotWhereALineComes() {
        #expect(LogPace.lineTime < LogPace.markTime)
        #expect(orders([.mark(30), .mark(60), .line(300), .time(1), .time(2)]) == ["mark 1", "-", "line 2", "-", "write"])
    }

    @Test func whereLinesCameBeforeMarksDoNotWaitLonger() {
        #expect(
            orders([.line(100), .time(1), .written(0, lines: false), .mark(30), .time(3), .written(0, lines: false), .mark(30)])
                == ["line 1", "write", "-", "line 3", "write", "-", "mark 5"])
    }

    @Test func manyBytesDoNotWait() {
        #expect(
            orders([.mark(30), .mark(LogPace.size), .mark(LogPace.size), .time(1), .written(70, lines: false), .time(1), .time(3)])
                == ["mark 1", "write", "-", "-", "mark 3", "-", "write"])
    }

    @Test func whatCameWhileItWroteIsNotForgotten() {
        #expect(
            orders([.asked, .asked, .written(100, lines: true), .time(2), .written(LogPace.size, lines: false), .written(0, lines: false)])
                == ["write", "-", "line 2", "write", "write", "-"])
    }
}
