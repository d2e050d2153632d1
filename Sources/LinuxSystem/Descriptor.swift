// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc

/// Owns one open file descriptor and closes it at the end of its life. It cannot be copied, so nothing is closed twice and nothing leaks.
public struct Descriptor: ~Copyable, Sendable {
    /// The number, for calls that only borrow it. It is valid as long as the descriptor lives.
    public let number: CInt

    /// Takes over a number that nothing else closes.
    public init(owning number: CInt) { self.number = number }

    deinit { close(number) }

    /// Gives the number away; whoever takes it closes it.
    public consuming func release() -> CInt {
        let number = self.number
        discard self
        return number
    }

    /// A second descriptor of the same open file, closed at exec.
    public borrowing func duplicate() throws(SystemCallError) -> Descriptor {
        Descriptor(owning: try systemCall("fcntl F_DUPFD_CLOEXEC") { fcntl(number, F_DUPFD_CLOEXEC, 3) })
    }
}

extension Descriptor {
    /// Reads what is there, up to `buffer.count` bytes.
    ///
    /// - Returns: 0 at the end of the file.
    public borrowing func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemCallError) -> Int {
        try systemCall("read") { Glibc.read(number, buffer.baseAddress, buffer.count) }
    }

    /// Reads to the end, at most `limit` bytes.
    ///
    /// - Returns: nil where there is more than `limit`.
    public borrowing func readAll(limit: Int) throws(SystemCallError) -> [UInt8]? {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: min(limit + 1, 65536))
        while true {
            let count = try systemCall("read") { chunk.withUnsafeMutableBytes { Glibc.read(number, $0.baseAddress, $0.count) } }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            if bytes.count > limit { return nil }
        }
    }

    /// Writes all of it; a regular file or a blocking descriptor is expected.
    public borrowing func writeAll(_ bytes: UnsafeRawBufferPointer) throws(SystemCallError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = try systemCall("write") { Glibc.write(number, rest.baseAddress, rest.count) }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// Writes all of a text as UTF-8.
    public borrowing func writeAll(_ text: String) throws(SystemCallError) {
        let bytes = Array(text.utf8)
        var done = 0
        while done < bytes.count {
            done += try systemCall("write") { bytes.withUnsafeBytes { Glibc.write(number, $0.baseAddress! + done, $0.count - done) } }
        }
    }

    /// Makes content and metadata durable.
    public borrowing func sync() throws(SystemCallError) { try systemCall("fsync") { fsync(number) } }

    /// Makes the whole file system on which this file lies durable.
    public borrowing func syncFileSystem() throws(SystemCallError) { try systemCall("syncfs") { clinux_syncfs(number) } }
}

extension Descriptor {
    /// A descriptor that several owners share; it is closed when the last lets go.
    public final class Box: Sendable {
        public let descriptor: Descriptor
        public var number: CInt { descriptor.number }
        public init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
    }
}

/// A pipe whose two ends are closed at exec and may go different ways.
public struct Pipe: Sendable {
    public let read: Descriptor.Box
    public let write: Descriptor.Box

    public init() throws(SystemCallError) {
        var (read, write): (CInt, CInt) = (-1, -1)
        try systemCall("pipe2") { clinux_pipe(&read, &write) }
        self.read = Descriptor.Box(Descriptor(owning: read))
        self.write = Descriptor.Box(Descriptor(owning: write))
    }
}
