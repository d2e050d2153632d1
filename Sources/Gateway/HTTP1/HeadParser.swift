// SPDX-License-Identifier: Apache-2.0
internal import NIOCore

/// Gathers the lines of a head, of a request or of an answer.
struct HeadParser {
    struct Lines {
        var bytes: ByteBuffer
        var start: Range<Int>
        var fields: [FieldLine]
    }

    /// Bounds on any head, of the control API's requests too.
    static let headBytes = 64 << 10
    static let fieldBytes = 32 << 10
    static let fieldCount = 128

    private var scan = LineScan()
    private var start: Range<Int>?
    private var fields: [FieldLine] = []

    mutating func next(_ buffer: inout ByteBuffer) throws(Malformed) -> Lines? {
        if scan.start == 0 { Self.skipEmptyLines(&buffer) }
        guard let end = try buffer.parsing({ (bytes) throws(Malformed) in try read(bytes) }) else { return nil }
        guard let bytes = buffer.readSlice(length: end), let start else { return nil }
        return Lines(bytes: bytes, start: start, fields: fields)
    }

    /// - Returns: the length of the head, once it is complete.
    private mutating func read(_ bytes: UnsafeRawBufferPointer) throws(Malformed) -> Int? {
        if start == nil {
            // What begins with anything else is another protocol, which might never send a line break.
            if let first = bytes.first, Grammar.endOfToken(bytes, from: 0, to: 1) == 0, first != 0x0d {
                throw Malformed("the first byte is none of a method")
            }
            start = try scan.next(bytes)
            guard start != nil else { return try bounded(bytes) }
            fields.reserveCapacity(16)
        }
        while let line = try scan.next(bytes) {
            if line.isEmpty {
                guard scan.start <= Self.headBytes else {
                    throw Malformed("the head has more than \(Self.headBytes) bytes")
                }
                return scan.start
            }
            guard line.count <= Self.fieldBytes else {
                throw Malformed("a header has more than \(Self.fieldBytes) bytes")
            }
            guard fields.count < Self.fieldCount else { throw Malformed("more than \(Self.fieldCount) headers") }
            fields.append(try FieldLine(bytes, line))
        }
        return try bounded(bytes)
    }

    private func bounded(_ bytes: UnsafeRawBufferPointer) throws(Malformed) -> Int? {
        if bytes.count > Self.headBytes { throw Malformed("the head has more than \(Self.headBytes) bytes") }
        return nil
    }

    /// RFC 9112 §2.2: empty lines before a request line are of no meaning.
    private static func skipEmptyLines(_ buffer: inout ByteBuffer) {
        while buffer.readableBytes >= 2, buffer.getInteger(at: buffer.readerIndex, as: UInt16.self) == 0x0d0a {
            buffer.moveReaderIndex(forwardBy: 2)
        }
    }
}
