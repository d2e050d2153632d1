// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc

/// The begin or the end of a call as it waits to be written: a fifth of its line. Its line is made by the thread that writes it, since an event loop that
/// fills memory which another processor reads spends more time on waiting for that memory than on the lines.
enum CallMark: UInt8 {
    // No line begins like this.
    case start = 1
    case end = 2

    var words: StaticString {
        switch self {
        case .start: "FC Invoke Start RequestId: "
        case .end: "FC Invoke End RequestId: "
        }
    }

    /// Kind, length of the id, number of the frame, time; the id follows.
    private static let headBytes = 14

    /// - Parameter frame: where among the frames of its batch that of the instance is.
    func write(_ time: LogTime, _ request: RequestID, frame: Int, to bytes: inout [UInt8]) {
        withUnsafeTemporaryAllocation(byteCount: Self.headBytes + RequestID.mostBytes, alignment: 8) { mark in
            mark[0] = rawValue
            mark.storeBytes(of: UInt32(truncatingIfNeeded: frame), toByteOffset: 2, as: UInt32.self)
            mark.storeBytes(of: time.microseconds, toByteOffset: 6, as: Int64.self)
            let length = request.copyText(to: UnsafeMutableRawBufferPointer(rebasing: mark[Self.headBytes...]))
            mark[1] = UInt8(length)
            bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: mark[..<(Self.headBytes + length)]))
        }
    }

    /// Hands over whole lines in their order, those of marks made anew, in pieces of about `size` bytes.
    static func lines(
        _ bytes: [UInt8], _ frames: [PlatformFrame], size: Int, _ take: ([UInt8]) throws(LogFileError) -> Void
    ) throws(LogFileError) {
        if frames.isEmpty { return try take(bytes) }
        var (piece, clock): ([UInt8], LogClock) = ([], LogClock())
        piece.reserveCapacity(size + 1024)
        var at = 0
        while at < bytes.count {
            at = bytes.withUnsafeBytes { next($0, at, frames, &clock, &piece) }
            guard piece.count >= size || at == bytes.count else { continue }
            try take(piece)
            piece.removeAll(keepingCapacity: true)
        }
    }

    /// - Returns: where the next line or mark begins.
    private static func next(
        _ bytes: UnsafeRawBufferPointer, _ at: Int, _ frames: [PlatformFrame], _ clock: inout LogClock, _ lines: inout [UInt8]
    ) -> Int {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[at...])
        guard let mark = CallMark(rawValue: rest[0]) else {
            let end = (rest.firstIndex(of: 10) ?? rest.count - 1) + 1
            lines.append(contentsOf: UnsafeRawBufferPointer(rebasing: rest[..<end]))
            return at + end
        }
        let end = headBytes + Int(rest[1])
        let time = LogTime(microseconds: rest.loadUnaligned(fromByteOffset: 6, as: Int64.self))
        let frame = frames[Int(rest.loadUnaligned(fromByteOffset: 2, as: UInt32.self))]
        frame.write(clock.text(of: time), mark.words, UnsafeRawBufferPointer(rebasing: rest[headBytes..<end]), to: &lines)
        return at + end
    }
}
