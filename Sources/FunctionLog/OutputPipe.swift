// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The read end of one stream of an instance. Whoever made it closes it.
struct OutputPipe {
    enum Progress {
        case open, ended
    }

    let stream: LogLine.Stream
    let descriptor: CInt
    private var splitter = LineSplitter()

    init(stream: LogLine.Stream, descriptor: CInt) {
        self.stream = stream
        self.descriptor = descriptor
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }

    /// Whether anything lies in one of these, or has ended.
    static func hasBytes(_ pipes: [OutputPipe]) -> Bool {
        guard pipes.count == 2 else { return !pipes.isEmpty }
        return withUnsafeTemporaryAllocation(of: pollfd.self, capacity: 2) { polls in
            for index in 0..<2 { polls[index] = pollfd(fd: pipes[index].descriptor, events: Int16(POLLIN), revents: 0) }
            return poll(polls.baseAddress, 2, 0) != 0
        }
    }

    /// Bytes that lie in the pipe now.
    private var available: Int {
        var count: CInt = 0
        return ioctl(descriptor, UInt(FIONREAD), &count) == 0 ? Int(count) : 0
    }

    /// Reads what lies in the pipe at this moment, though a program that goes on printing could keep us here for ever.
    mutating func drain(line: (String) -> Void) {
        var rest = available
        while rest > 0 {
            let count = read(most: rest, line: line)
            if count <= 0 { return }
            rest -= count
        }
    }

    /// Reads once.
    mutating func readSome(line: (String) -> Void) -> Progress {
        let count = read(most: 64 * 1024, line: line)
        return count > 0 || (count < 0 && errno == EAGAIN) ? .open : .ended
    }

    /// Hands over a last line that has no end.
    mutating func finish(line: (String) -> Void) { splitter.finish(line: line) }

    private mutating func read(most: Int, line: (String) -> Void) -> Int {
        withUnsafeTemporaryAllocation(byteCount: min(most, 64 * 1024), alignment: 16) { buffer in
            var count = -1
            repeat { count = Glibc.read(descriptor, buffer.baseAddress, buffer.count) } while count < 0 && errno == EINTR
            if count > 0 { splitter.append(buffer.prefix(count), line: line) }
            return count
        }
    }
}
