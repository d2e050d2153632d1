// SPDX-License-Identifier: Apache-2.0
import NIOPosix

/// The lines of one function's log, oldest first; with `follow` it goes on with each new one until its task is cancelled.
///
/// The files are its buffer: a slow reader holds up nobody, and misses lines only where they were rotated away before it came to them.
public struct LogLines: AsyncSequence, Sendable {
    public typealias Element = LogLine

    let writer: FunctionLogWriter
    let threads: NIOThreadPool
    /// How many of the lines there are now come first; nil for all.
    let tail: Int?
    let follow: Bool

    public func makeAsyncIterator() -> Iterator {
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        guard follow else {
            wake.finish()
            return Iterator(lines: self, wakes: wakes.makeAsyncIterator())
        }
        let follower = writer.addFollower { wake.yield() }
        wake.onTermination = { [writer] _ in writer.removeFollower(follower) }
        return Iterator(lines: self, wakes: wakes.makeAsyncIterator())
    }

    public struct Iterator: AsyncIteratorProtocol {
        let lines: LogLines
        var wakes: AsyncStream<Void>.Iterator
        private var source: Source?
        private var ready: ArraySlice<LogLine> = []

        init(lines: LogLines, wakes: AsyncStream<Void>.Iterator) {
            self.lines = lines
            self.wakes = wakes
        }

        public mutating func next() async throws -> LogLine? {
            while ready.isEmpty {
                try Task.checkCancellation()
                let source = try await openSource()
                ready = try await lines.threads.runIfActive { try source.next()[...] }
                // What was written since is not missed: its wake lies in the stream.
                if ready.isEmpty, await wakes.next() == nil { return nil }
            }
            return ready.popFirst()
        }

        private mutating func openSource() async throws -> Source {
            if let source { return source }
            // What was said before is to be read, also where it still waits for others to be written with it.
            await lines.writer.flush()
            let (directory, tail) = (lines.writer.directory, lines.tail)
            let opened = try await lines.threads.runIfActive { Source(try LogCursor(directory: directory, lines: tail)) }
            source = opened
            return opened
        }
    }
}
