// SPDX-License-Identifier: Apache-2.0
internal import NIOCore

/// Takes a body out of its framing, where its length is not known before. The bytes themselves are handed on as they lie, not copied.
struct BodyParser {
    enum Framing {
        case chunked
        /// An answer that ends with its connection.
        case untilClose
    }

    enum Piece {
        case bytes(ByteBuffer)
        case end(HeaderFields)
    }

    private enum State {
        case chunkSize
        case chunk(left: Int)
        case chunkEnd
        case trailers(LineScan, [FieldLine])
        case untilClose
    }

    /// Bytes of a chunk's size with its extensions, which nobody uses; and of a trailer section.
    private static let chunkLineBytes = 256
    private static let trailerBytes = 8 << 10

    private var state: State

    init(_ framing: Framing) {
        state =
            switch framing {
            case .chunked: .chunkSize
            case .untilClose: .untilClose
            }
    }

    /// Whether the end of the connection is the end of this body.
    var endsWithConnection: Bool { if case .untilClose = state { true } else { false } }

    /// - Returns: nil where more bytes are needed first.
    mutating func next(_ buffer: inout ByteBuffer) throws(Malformed) -> Piece? {
        while true {
            switch state {
            case .untilClose: return Self.take(.max, &buffer).map { .bytes($0) }
            case .chunkSize:
                guard let size = try Self.chunkSize(&buffer) else { return nil }
                state = size == 0 ? .trailers(LineScan(), []) : .chunk(left: size)
            case .chunk(let left):
                guard let bytes = Self.take(left, &buffer) else { return nil }
                state = bytes.readableBytes == left ? .chunkEnd : .chunk(left: left - bytes.readableBytes)
                return .bytes(bytes)
            case .chunkEnd:
                guard buffer.readableBytes >= 2 else { return nil }
                guard buffer.readInteger(as: UInt16.self) == 0x0d0a else { throw Malformed("a chunk is longer than its size says") }
                state = .chunkSize
            case .trailers(let scan, let fields): return try trailers(scan, fields, &buffer)
            }
        }
    }

    static func take(_ most: Int, _ buffer: inout ByteBuffer) -> ByteBuffer? {
        guard buffer.readableBytes > 0 else { return nil }
        return buffer.readSlice(length: min(most, buffer.readableBytes))
    }

    /// RFC 9112 §7.1: hexadecimal digits, then extensions, which go no further than this.
    private static func chunkSize(_ buffer: inout ByteBuffer) throws(Malformed) -> Int? {
        let found = try buffer.parsing { (bytes) throws(Malformed) -> (size: Int, length: Int)? in
            var scan = LineScan()
            guard let line = try scan.next(bytes) else {
                if bytes.count > chunkLineBytes { throw Malformed("a chunk's size line has more than \(chunkLineBytes) bytes") }
                return nil
            }
            guard line.count <= chunkLineBytes else { throw Malformed("a chunk's size line has more than \(chunkLineBytes) bytes") }
            var (at, size) = (line.lowerBound, 0)
            while at < line.upperBound, let digit = Grammar.hexDigit(bytes[at]) {
                guard at < 15 else { throw Malformed("a chunk's size has more than 15 digits") }
                size = size << 4 | digit
                at += 1
            }
            guard at > 0, at == line.upperBound || bytes[at] == UInt8(ascii: ";") else {
                throw Malformed("a chunk's size is no hexadecimal number")
            }
            guard Grammar.isClean(bytes, from: at, to: line.upperBound) else {
                throw Malformed("a chunk's size line has a control character in it")
            }
            return (size, scan.start)
        }
        guard let found else { return nil }
        buffer.moveReaderIndex(forwardBy: found.length)
        return found.size
    }

    private mutating func trailers(_ scan: LineScan, _ fields: [FieldLine], _ buffer: inout ByteBuffer) throws(Malformed) -> Piece? {
        var (scan, fields) = (scan, fields)
        let length = try buffer.parsing { (bytes) throws(Malformed) -> Int? in
            while let line = try scan.next(bytes) {
                if line.isEmpty { return scan.start }
                guard fields.count < HeadParser.fieldCount else { throw Malformed("more than \(HeadParser.fieldCount) trailers") }
                fields.append(try FieldLine(bytes, line))
            }
            if bytes.count > Self.trailerBytes { throw Malformed("the trailers have more than \(Self.trailerBytes) bytes") }
            return nil
        }
        guard let length, let bytes = buffer.readSlice(length: length) else {
            state = .trailers(scan, fields)
            return nil
        }
        return .end(HeaderFields(bytes, fields))
    }
}
