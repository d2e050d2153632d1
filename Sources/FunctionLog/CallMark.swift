// SPDX-License-Identifier: Apache-2.0
import FunctionModel

/// The begin or the end of a call as it lies in the log file: a quarter of the line that it stands for. Two are written for each call, and whoever makes
/// and writes whole lines takes the processor from the calls themselves; they are made when somebody reads them.
///
/// A mark is a line of its own: a letter, the request's id, a space, the time and the number of its ``PlatformFrame`` in hexadecimal digits. An id holds no
/// space, so half a mark is not taken for a whole one.
enum CallMark: UInt8 {
    // No line of JSON begins like this.
    case start = 0x53
    case end = 0x45

    var words: StaticString {
        switch self {
        case .start: "FC Invoke Start RequestId: "
        case .end: "FC Invoke End RequestId: "
        }
    }

    private static let space: UInt8 = 0x20
    private static let timeDigits = 16

    /// Appends it with its line feed.
    func write(_ time: LogTime, _ request: RequestID, _ frame: PlatformFrame, to bytes: inout [UInt8]) {
        let most = 1 + RequestID.mostBytes + 1 + Self.timeDigits + PlatformFrame.digits + 1
        withUnsafeTemporaryAllocation(byteCount: most, alignment: 8) { mark in
            mark[0] = rawValue
            let end = 1 + request.copyText(to: UnsafeMutableRawBufferPointer(rebasing: mark[1...]))
            mark[end] = Self.space
            let time = UInt64(bitPattern: time.microseconds)
            mark.storeBytes(of: hexDigits(UInt32(truncatingIfNeeded: time >> 32)), toByteOffset: end + 1, as: UInt64.self)
            mark.storeBytes(of: hexDigits(UInt32(truncatingIfNeeded: time)), toByteOffset: end + 9, as: UInt64.self)
            mark.storeBytes(of: frame.numberText, toByteOffset: end + 17, as: UInt64.self)
            mark[end + 25] = 10
            bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: mark[...(end + 25)]))
        }
    }

    /// Reads a line of a file without its line feed.
    ///
    /// - Parameter frames: those that stand before it in the file.
    /// - Returns: the line that it stands for; nil for what is no whole mark.
    static func line(_ bytes: ArraySlice<UInt8>, _ frames: inout PlatformFrames) -> LogLine? {
        guard let first = bytes.first, let mark = CallMark(rawValue: first), bytes.count > 2 + timeDigits + PlatformFrame.digits else {
            return nil
        }
        let (text, numbers) = (
            bytes.dropFirst().dropLast(1 + timeDigits + PlatformFrame.digits), bytes.suffix(timeDigits + PlatformFrame.digits)
        )
        guard bytes[text.endIndex] == space, let request = RequestID(String(decoding: text, as: UTF8.self)),
            let time = UInt64(hexadecimal: numbers.prefix(timeDigits)),
            let number = UInt64(hexadecimal: numbers.suffix(PlatformFrame.digits)),
            var line = frames.line(UInt32(truncatingIfNeeded: number))
        else {
            return nil
        }
        line.time = LogTime(microseconds: Int64(bitPattern: time)).text
        line.request = request
        line.message = "\(mark.words)" + request.text
        return line
    }
}

extension UInt64 {
    /// At most 16 digits, in lower case; nil where another character is among them.
    init?(hexadecimal digits: ArraySlice<UInt8>) {
        self = 0
        for byte in digits {
            switch byte {
            case 48...57: self = self << 4 | UInt64(byte - 48)
            case 97...102: self = self << 4 | UInt64(byte - 87)
            default: return nil
            }
        }
    }
}
