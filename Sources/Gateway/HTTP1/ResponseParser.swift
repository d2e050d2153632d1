// SPDX-License-Identifier: Apache-2.0
internal import NIOCore
internal import NIOHTTP1

/// The head of an answer; an object for the reason that ``RequestHead`` is one.
final class ResponseHead: RepeatableHead {
    let version: HTTPVersion
    let status: Int
    /// The words behind the status, as they lie in the head.
    let reason: Range<Int>
    let headers: HeaderFields
    /// Of all its fields.
    let fieldBytes: Int
    let contentLength: Int?
    let chunked: Bool
    let isKeepAlive: Bool
    var isRepeated = false
    /// What goes on to the client for this head, but for what is another for each call.
    var toClient: KnownLines?

    func kept() -> ResponseHead { ResponseHead(self, headers.kept()) }

    private init(_ other: ResponseHead, _ headers: HeaderFields) {
        (version, status, reason, fieldBytes) = (other.version, other.status, other.reason, other.fieldBytes)
        (contentLength, chunked, isKeepAlive) = (other.contentLength, other.chunked, other.isKeepAlive)
        self.headers = headers
    }

    init(_ bytes: ByteBuffer, line: Range<Int>, _ fields: [FieldLine]) throws(Malformed) {
        (version, status, reason) = try bytes.parsing { (bytes) throws(Malformed) in try Self.startLine(bytes, line) }
        headers = HeaderFields(bytes, fields)
        var (facts, size) = (FramingFacts(), 0)
        try bytes.parsing { (bytes) throws(Malformed) in
            for line in fields {
                size += line.name.count + line.value.count + 4
                try facts.note(line, bytes)
            }
        }
        fieldBytes = size
        (contentLength, chunked) = (facts.contentLength, facts.chunked)
        isKeepAlive = facts.keepsAlive(version)
        if chunked, contentLength != nil { throw Malformed("both Transfer-Encoding and Content-Length") }
        if chunked, version == .http1_0 { throw Malformed("Transfer-Encoding in HTTP/1.0") }
    }

    /// RFC 9112 §4. The reason may be missing, with the space before it.
    private static func startLine(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) throws(Malformed) -> (HTTPVersion, Int, Range<Int>) {
        let start = line.lowerBound
        guard line.count >= 12, Grammar.same(bytes, start..<start + 7, "http/1."), bytes[start] == UInt8(ascii: "H"),
            bytes[start + 8] == 0x20
        else {
            throw Malformed("it does not begin with 'HTTP/1.1' and a status")
        }
        let version: HTTPVersion
        switch bytes[start + 7] {
        case UInt8(ascii: "1"): version = .http1_1
        case UInt8(ascii: "0"): version = .http1_0
        default: throw Malformed("it is neither HTTP/1.0 nor HTTP/1.1")
        }
        guard let status = Grammar.decimal(bytes, start + 9..<start + 12), status >= 100, line.count == 12 || bytes[start + 12] == 0x20
        else {
            throw Malformed("its status is no number of three digits")
        }
        let reason = min(start + 13, line.upperBound)..<line.upperBound
        guard Grammar.isClean(bytes, from: reason.lowerBound, to: reason.upperBound) else {
            throw Malformed("its status line has a control character in it")
        }
        return (version, status, reason)
    }
}

/// Takes answers out of the bytes of one connection to an instance.
struct ResponseParser {
    enum Part {
        case head(ResponseHead)
        /// An answer before the answer, 1xx but 101.
        case interim(ResponseHead)
        case body(ByteBuffer)
        case end(HeaderFields?)
    }

    /// As in ``RequestParser``.
    private enum State {
        case start
        case head(HeadParser)
        case sized(left: Int)
        case body(BodyParser)
    }

    private var state = State.start
    private var memory: HeadMemory<ResponseHead>
    /// Set before each request: an answer to HEAD has no body, whatever its head says.
    var answersHEAD = false

    /// - Parameter isStream: whether only one answer comes.
    init(isStream: Bool = false) { memory = HeadMemory(isUsed: !isStream) }

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
            state = .body(parser)
            switch piece {
            case .bytes(let bytes)?: return .body(bytes)
            case .end(let trailers)?:
                state = .start
                return .end(trailers)
            case nil: return nil
            }
        }
    }

    private mutating func head(_ parsed: HeadParser, _ buffer: inout ByteBuffer) throws(Malformed) -> Part? {
        var parser = parsed
        guard let lines = try parser.next(&buffer) else {
            state = .head(parser)
            return nil
        }
        let head = try ResponseHead(lines.bytes, line: lines.start, lines.fields)
        if head.status < 200, head.status != 101 {
            state = .start
            return .interim(head)
        }
        if head.isKeepAlive, head.status != 101 { memory.note(head) }
        return begun(head)
    }

    private mutating func begun(_ head: ResponseHead) -> Part {
        state = body(head)
        return .head(head)
    }

    /// The connection has ended.
    ///
    /// - Returns: whether the answer on it ended well by that.
    var endsWithConnection: Bool { if case .body(let parser) = state { parser.endsWithConnection } else { false } }

    /// RFC 9112 §6.3.
    private func body(_ head: ResponseHead) -> State {
        if answersHEAD || head.status == 204 || head.status == 304 || head.status == 101 { return .sized(left: 0) }
        if head.chunked { return .body(BodyParser(.chunked)) }
        return head.contentLength.map { .sized(left: $0) } ?? .body(BodyParser(.untilClose))
    }
}
