// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The last lines of one file: where they begin, and what the marks among them need of what stands before.
struct LogFileEnd {
    private(set) var start: Int
    /// How many lines there are from there on, as asked for at most.
    private(set) var count = 0
    /// By number.
    private(set) var frames: [UInt32: LogLine] = [:]

    /// - Parameter descriptor: of a file that others append to meanwhile.
    init(last lines: Int, of descriptor: CInt, path: String) throws(LogFileError) {
        start = Int(lseek(descriptor, 0, SEEK_END))
        // Of the line that begins where the block behind this one does.
        var first: UInt8?
        var end = start
        while end > 0, count < lines {
            let from = max(0, end - LogCursor.block)
            let bytes = try LogCursor.read(descriptor, at: from, count: end - from, path: path)
            for index in bytes.indices.reversed() where bytes[index] == 10 {
                let next = index + 1 < bytes.count ? bytes[index + 1] : first
                guard let next, next != PlatformFrame.letter else { continue }
                (start, count) = (from + index + 1, count + 1)
                if count == lines { break }
            }
            (first, end) = (bytes.first, from)
        }
        if count < lines {
            // No line feed stands before a file's first line.
            if let first, first != PlatformFrame.letter { count += 1 }
            start = 0
        }
        try learnFrames(descriptor, path)
    }

    private mutating func learnFrames(_ descriptor: CInt, _ path: String) throws(LogFileError) {
        var (at, rest) = (0, [UInt8]())
        while at < start {
            let bytes = try LogCursor.read(descriptor, at: at, count: min(LogCursor.block, start - at), path: path)
            if bytes.isEmpty { return }
            at += bytes.count
            rest += bytes
            var line = 0
            while let end = Self.lineFeed(rest, from: line) {
                if rest[line] == PlatformFrame.letter, let frame = PlatformFrame.read(rest[line..<end]) {
                    frames[frame.number] = frame.common
                }
                line = end + 1
            }
            rest.removeSubrange(..<line)
        }
    }

    private static func lineFeed(_ bytes: [UInt8], from start: Int) -> Int? {
        bytes.withUnsafeBytes { bytes in
            guard start < bytes.count, let base = bytes.baseAddress, let found = memchr(base + start, 10, bytes.count - start) else {
                return nil
            }
            return UnsafeRawPointer(found) - base
        }
    }
}
