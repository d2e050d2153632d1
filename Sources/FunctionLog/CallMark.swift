// SPDX-License-Identifier: Apache-2.0
import FunctionModel

/// The begin or the end of a call as it lies in the log file: a seventh of the line that it stands for. Two are written for each call, and whoever makes and
/// writes whole lines takes a processor from the calls themselves; they are made when somebody reads them.
///
/// A mark is a line of its own: a letter, then in digits of six bits the request's id, the time and the number of its ``PlatformFrame``, and a full stop,
/// without which it is half a mark. Begin and end of a call with an id of another form are ordinary lines.
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

    /// The letter and 28 digits: the id's 112 bits, and 56 of the time in microseconds, which no host's clock exceeds or has below zero.
    private static let fixed = 1 + 28
    private static let stop: UInt8 = 0x2e

    /// Appends it with its line feed.
    func write(_ time: LogTime, _ id: RequestID.Digits, _ frame: PlatformFrame, to bytes: inout [UInt8]) {
        let time = UInt64(bitPattern: time.microseconds)
        withUnsafeTemporaryAllocation(byteCount: Self.fixed + SixBits.most(32) + 2, alignment: 8) { mark in
            mark[0] = rawValue
            mark.storeBytes(of: SixBits.eight(id.first >> 16), toByteOffset: 1, as: UInt64.self)
            mark.storeBytes(of: SixBits.eight(id.first << 32 | id.last >> 16), toByteOffset: 9, as: UInt64.self)
            mark.storeBytes(of: SixBits.four(id.last << 8 | time >> 48 & 0xff), toByteOffset: 17, as: UInt32.self)
            mark.storeBytes(of: SixBits.eight(time), toByteOffset: 21, as: UInt64.self)
            SixBits.write(UInt64(frame.number), digits: frame.digits, to: mark, at: Self.fixed)
            let end = Self.fixed + frame.digits
            (mark[end], mark[end + 1]) = (Self.stop, 10)
            bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: mark[...(end + 1)]))
        }
    }

    /// Reads a line of a file without its line feed.
    ///
    /// - Parameter frames: those that stand before it in the file.
    /// - Returns: the line that it stands for; nil for what is no whole mark.
    static func line(_ bytes: ArraySlice<UInt8>, _ frames: inout PlatformFrames) -> LogLine? {
        guard let letter = bytes.first, let mark = CallMark(rawValue: letter), bytes.last == stop, bytes.count > fixed + 1 else {
            return nil
        }
        var rest = bytes.dropFirst().dropLast()
        func next(_ digits: Int) -> UInt64? {
            defer { rest = rest.dropFirst(digits) }
            return SixBits.read(rest.prefix(digits))
        }
        guard let front = next(8), let middle = next(8), let both = next(4), let time = next(8), let number = SixBits.read(rest),
            let number = UInt32(exactly: number), var line = frames.line(number)
        else {
            return nil
        }
        let request = RequestID(.init(first: front << 16 | middle >> 32, last: middle << 16 | both >> 8 & 0xffff))
        line.time = LogTime(microseconds: Int64(both & 0xff) << 48 | Int64(time)).text
        line.request = request
        line.message = "\(mark.words)" + request.text
        return line
    }
}

/// Numbers in digits of six bits each, the first the highest: the characters from `0` to `o`.
enum SixBits {
    private static let zero: UInt8 = 0x30

    /// Digits of a number of so many bits.
    static func most(_ bits: Int) -> Int { (bits + 5) / 6 }

    /// The eight digits of the lower 48 bits as they lie in memory; all are made at once.
    static func eight(_ number: UInt64) -> UInt64 {
        var digits = number & 0xffff_ffff_ffff
        digits = (digits & 0xffff_ff00_0000) << 8 | digits & 0xff_ffff
        digits = (digits & 0x00ff_f000_00ff_f000) << 4 | digits & 0x0000_0fff_0000_0fff
        digits = (digits & 0x0fc0_0fc0_0fc0_0fc0) << 2 | digits & 0x003f_003f_003f_003f
        return (digits + 0x3030_3030_3030_3030).bigEndian
    }

    /// The four digits of the lower 24 bits as they lie in memory.
    static func four(_ number: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: eight(number << 24).littleEndian) }

    static func write(_ number: UInt64, digits: Int, to memory: UnsafeMutableRawBufferPointer, at start: Int) {
        var rest = number
        for at in stride(from: start + digits - 1, through: start, by: -1) {
            memory[at] = zero + UInt8(rest & 63)
            rest >>= 6
        }
    }

    /// - Returns: nil where another character is among them, or none.
    static func read(_ digits: ArraySlice<UInt8>) -> UInt64? {
        guard !digits.isEmpty else { return nil }
        var number: UInt64 = 0
        for byte in digits {
            guard (zero..<zero + 64).contains(byte) else { return nil }
            number = number << 6 | UInt64(byte - zero)
        }
        return number
    }
}
