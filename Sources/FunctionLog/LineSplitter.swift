// SPDX-License-Identifier: Apache-2.0

/// Cuts a stream of bytes into lines. A line longer than `limit` comes out in pieces, so that memory stays bounded whatever a program writes.
///
/// A line ends with LF or CR LF, and neither is part of it. Bytes that are no UTF-8 come out as U+FFFD; NUL is a character like any other.
package struct LineSplitter: Sendable {
    /// Bytes of the longest piece. Source of the default: Function Compute's quota of 32 KB for one log line.
    package static let defaultLimit = 32 * 1024

    package let limit: Int
    /// What came since the last line end: at most `limit` and the one byte that may be the CR of a line end.
    private var pending: [UInt8] = []

    package init(limit: Int = Self.defaultLimit) {
        precondition(limit >= 4, "a piece must hold the longest UTF-8 character")
        self.limit = limit
    }

    /// Takes more of the stream and hands over each line, or piece of a line, that it completes, in order.
    package mutating func append(_ bytes: some Sequence<UInt8>, line: (String) -> Void) {
        let done: Void? = bytes.withContiguousStorageIfAvailable { append(contiguous: $0, line: line) }
        if done == nil { Array(bytes).withUnsafeBufferPointer { append(contiguous: $0, line: line) } }
    }

    /// Hands over what came after the last line end, if anything did.
    package mutating func finish(line: (String) -> Void) {
        guard !pending.isEmpty else { return }
        endLine(line)
    }

    private mutating func append(contiguous bytes: UnsafeBufferPointer<UInt8>, line: (String) -> Void) {
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 10) {
            take(rest[..<end], line: line)
            endLine(line)
            rest = rest[(end + 1)...]
        }
        take(rest, line: line)
    }

    /// Adds bytes of one line, and cuts as soon as more is there than one piece and a CR.
    private mutating func take(_ bytes: Slice<UnsafeBufferPointer<UInt8>>, line: (String) -> Void) {
        var rest = bytes
        while !rest.isEmpty {
            let part = rest.prefix(limit + 2 - pending.count)
            pending.append(contentsOf: part)
            rest = rest.dropFirst(part.count)
            if pending.count > limit + 1 { cut(line) }
        }
    }

    private mutating func endLine(_ line: (String) -> Void) {
        if pending.last == 13 { pending.removeLast() }
        if pending.count > limit { cut(line) }
        line(String(decoding: pending, as: UTF8.self))
        pending.removeAll(keepingCapacity: true)
    }

    private mutating func cut(_ line: (String) -> Void) {
        let length = Self.pieceLength(pending, limit: limit)
        line(String(decoding: pending[..<length], as: UTF8.self))
        pending.removeFirst(length)
    }

    /// The longest prefix of at most `limit` bytes that does not end within a UTF-8 character.
    private static func pieceLength(_ bytes: [UInt8], limit: Int) -> Int {
        // A character has at most 4 bytes: its first is found within 3 steps back, or the bytes are no UTF-8 and any cut does.
        for length in stride(from: limit, to: limit - 4, by: -1) where bytes[length] & 0xC0 != 0x80 { return length }
        return limit
    }
}
