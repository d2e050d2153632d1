// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The last lines of one file: where they begin, and what the marks among them need of what stands before.
struct LogFileEnd {
    private(set) var start = 0
    /// How many lines there are from there on, as asked for at most.
    private(set) var count = 0
    private(set) var frames = PlatformFrames()

    /// - Parameter descriptor: of a file that others append to meanwhile.
    init(last lines: Int, of descriptor: CInt, path: String) throws(LogFileError) {
        (start, count) = try Self.start(of: lines, descriptor, path)
        try learnFrames(descriptor, path)
    }

    private static func start(of lines: Int, _ descriptor: CInt, _ path: String) throws(LogFileError) -> (Int, Int) {
        var end = Int(lseek(descriptor, 0, SEEK_END))
        var count = 0
        /// The first byte behind those that are looked at.
        var next: UInt8?
        while end > 0 {
            let from = max(0, end - LogCursor.block)
            let bytes = try LogCursor.read(descriptor, at: from, count: end - from, path: path)
            for index in bytes.indices.reversed() {
                defer { next = bytes[index] }
                guard bytes[index] == 10 else { continue }
                if let next, next != PlatformFrame.letter { count += 1 }
                // Also for none: what has come of a line that is being written is read with its rest.
                if count >= lines { return (from + index + 1, count) }
            }
            end = from
        }
        // No line feed stands before a file's first line.
        if let next, next != PlatformFrame.letter { count += 1 }
        return (0, count)
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
                if rest[line] == PlatformFrame.letter { _ = frames.note(rest[line..<end]) }
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
