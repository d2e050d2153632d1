// SPDX-License-Identifier: Apache-2.0
internal import NIOCore

/// Takes requests out of the bytes of one client, one part at a time and only when asked, so that what follows a request stays bytes until the
/// request is answered. What is not HTTP/1.1 to the letter is refused, not repaired.
struct RequestParser {
    enum Part {
        case head(RequestHead)
        case body(ByteBuffer)
        /// After a body, with the fields behind it where it was chunked.
        case end(HeaderFields?)
    }

    /// Bounds on any head, of the control API's requests too.
    static let headBytes = 64 << 10
    static let fieldBytes = 32 << 10
    static let fieldCount = 128

    /// A head that comes whole and a body whose length is known, which most have, hold nothing that would have to be copied in and out.
    private enum State {
        case start
        case head(HeadParser)
        case sized(left: Int)
        case body(BodyParser)
    }

    private var state = State.start
    private var memory: HeadMemory<RequestHead>

    /// - Parameter isStream: whether only one request comes.
    init(isStream: Bool = false) { memory = HeadMemory(isUsed: !isStream) }

    /// - Returns: nil where more bytes are needed first.
    mutating func next(_ buffer: inout ByteBuffer) throws(Malformed) -> Part? {
        switch state {
        case .start:
            if buffer.readableBytes == 0 { return nil }
            if let head = memory.take(from: &buffer) { return begun(head) }
            return try head(HeadParser(), &buffer)
        case .head(let parser): return try head(parser, &buffer)
        case .sized(0):
            state = .start
            return .end(nil)
        case .sized(let left):
            guard let bytes = BodyParser.take(left, &buffer) else { return nil }
            state = .sized(left: left - bytes.readableBytes)
            return .body(bytes)
        case .body(var parser):
            let piece = try parser.next(&buffer)
            switch piece {
            case .bytes(let bytes)?:
                state = .body(parser)
                return .body(bytes)
            case .end(let trailers)?:
                state = .start
                return .end(trailers)
            case nil:
                state = .body(parser)
                return nil
            }
        }
    }

    /// Nothing has come for a while: what is kept for the next request goes.
    mutating func rest() { memory.forget() }

    private mutating func head(_ parsed: HeadParser, _ buffer: inout ByteBuffer) throws(Malformed) -> Part? {
        var parser = parsed
        guard let lines = try parser.next(&buffer) else {
            state = .head(parser)
            return nil
        }
        let head = try RequestHead(lines.bytes, line: lines.start, lines.fields)
        if head.isKeepAlive { memory.note(head) }
        return begun(head)
    }

    private mutating func begun(_ head: RequestHead) -> Part {
        let body = head.facts.body
        state = !body.isThere ? .start : body.chunked ? .body(BodyParser(.chunked)) : .sized(left: body.contentLength ?? 0)
        return .head(head)
    }
}

/// Gathers the lines of a head, of a request or of an answer.
struct HeadParser {
    struct Lines {
        var bytes: ByteBuffer
        var start: Range<Int>
        var fields: [FieldLine]
    }

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
                guard scan.start <= RequestParser.headBytes else {
                    throw Malformed("the head has more than \(RequestParser.headBytes) bytes")
                }
                return scan.start
            }
            guard line.count <= RequestParser.fieldBytes else {
                throw Malformed("a header has more than \(RequestParser.fieldBytes) bytes")
            }
            guard fields.count < RequestParser.fieldCount else { throw Malformed("more than \(RequestParser.fieldCount) headers") }
            fields.append(try FieldLine(bytes, line))
        }
        return try bounded(bytes)
    }

    private func bounded(_ bytes: UnsafeRawBufferPointer) throws(Malformed) -> Int? {
        if bytes.count > RequestParser.headBytes { throw Malformed("the head has more than \(RequestParser.headBytes) bytes") }
        return nil
    }

    /// RFC 9112 §2.2: empty lines before a request line are of no meaning.
    private static func skipEmptyLines(_ buffer: inout ByteBuffer) {
        while buffer.readableBytes >= 2, buffer.getInteger(at: buffer.readerIndex, as: UInt16.self) == 0x0d0a {
            buffer.moveReaderIndex(forwardBy: 2)
        }
    }
}
