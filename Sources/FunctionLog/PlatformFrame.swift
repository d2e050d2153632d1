// SPDX-License-Identifier: Apache-2.0
import FunctionModel

/// What all marks of the calls on one instance have in common. It stands in each file once before the first of them, as a line of its own: a letter, its
/// number in digits of six bits, and a line of the log whose time and message are empty.
///
/// A host that goes on with the file of another begins to count anew: a mark means the frame that stands last before it.
struct PlatformFrame: Sendable {
    static let letter: UInt8 = 0x46

    let number: UInt32
    /// How many its number has.
    let digits: Int
    /// A line without time and message.
    let common: LogLine
    /// With its line feed.
    let line: [UInt8]

    /// - Parameter number: no other of the writer's has it.
    init(number: UInt32, version: String, instance: InstanceID) {
        let digits = max(1, SixBits.most(32 - number.leadingZeroBitCount))
        (self.number, self.digits) = (number, digits)
        common = LogLine(time: "", stream: .platform, version: version, instance: instance, request: nil, message: "")
        var bytes = [Self.letter]
        withUnsafeTemporaryAllocation(byteCount: digits, alignment: 1) { text in
            SixBits.write(UInt64(number), digits: digits, to: text, at: 0)
            bytes.append(contentsOf: text)
        }
        common.write(to: &bytes)
        line = bytes
    }
}

/// The frames of a file by their numbers, as far as it has been read. Most are of instances of which nobody asks: they are kept as they lie there.
struct PlatformFrames {
    private enum Frame {
        case unread([UInt8])
        /// Nil for half a frame, left by a host that was killed while writing: the marks that would need it were not written.
        case read(LogLine?)
    }

    private var frames: [UInt32: Frame] = [:]

    /// - Parameter line: without its line feed.
    /// - Returns: false where it is no frame.
    mutating func note(_ line: ArraySlice<UInt8>) -> Bool {
        guard line.first == PlatformFrame.letter else { return false }
        let digits = line.dropFirst().prefix { $0 != UInt8(ascii: "{") }
        guard digits.count <= SixBits.most(32), let number = SixBits.read(digits) else { return true }
        let text = line[digits.endIndex...]
        frames[UInt32(truncatingIfNeeded: number)] = .unread(Array(text))
        return true
    }

    /// The line with empty time and message that has this number.
    mutating func line(_ number: UInt32) -> LogLine? {
        switch frames[number] {
        case nil: return nil
        case .read(let line): return line
        case .unread(let text):
            let line: LogLine?
            do { line = try LogLine(json: text) } catch { line = nil }
            frames[number] = .read(line)
            return line
        }
    }
}
