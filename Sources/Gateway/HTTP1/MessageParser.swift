// SPDX-License-Identifier: Apache-2.0
internal import NIOCore

/// The head of a request or of an answer, and what it says of itself.
protocol MessageHead: RepeatableHead {
    /// - Parameters:
    ///   - bytes: the whole head; `line` and `fields` count in it.
    ///   - line: the first line without its line break.
    init(_ bytes: ByteBuffer, line: Range<Int>, _ fields: [FieldLine]) throws(Malformed)
    var end: MessageEnd { get }
    /// Whether another message may follow this one, in the same words.
    var mayRepeat: Bool { get }
}

/// How the receiver of a message learns where it ends.
enum MessageEnd {
    /// It is a head and nothing else.
    case head
    case length(Int)
    case chunked
    /// An answer that ends with its connection.
    case connection
}

typealias RequestParser = MessageParser<RequestHead>
typealias ResponseParser = MessageParser<ResponseHead>

/// Takes messages out of the bytes of one connection, one part at a time and only when asked, so that what follows a message stays bytes until that one
/// is done with. What is not HTTP/1.1 to the letter is refused, not repaired.
struct MessageParser<Head: MessageHead> {
    enum Part {
        case head(Head)
        case body(ByteBuffer)
        /// Behind every head but one that is the ``MessageEnd/head`` itself; with the fields behind the body where it was chunked.
        case end(HeaderFields?)
    }

    /// A head that comes whole and a body whose length is known, which most have, hold nothing that would have to be copied in and out.
    private enum State {
        case start
        case head(HeadParser)
        case sized(left: Int)
        case body(BodyParser)
    }

    private var state = State.start
    private var memory: HeadMemory<Head>
    /// Set before the next answer: one to HEAD has no body, whatever its head says. Of no meaning for requests.
    var answersHEAD = false

    /// - Parameter isStream: whether only one message comes.
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
        case .body(let parser): return try body(parser, &buffer)
        }
    }

    /// Nothing has come for a while: what is kept for the next message goes.
    mutating func rest() { memory.forget() }

    /// Whether the end of the connection is, at this moment, the end of the message.
    var endsWithConnection: Bool { if case .body(let parser) = state { parser.endsWithConnection } else { false } }

    private mutating func head(_ parsed: HeadParser, _ buffer: inout ByteBuffer) throws(Malformed) -> Part? {
        var parser = parsed
        guard let lines = try parser.next(&buffer) else {
            state = .head(parser)
            return nil
        }
        let head = try Head(lines.bytes, line: lines.start, lines.fields)
        if head.mayRepeat { memory.note(head) }
        return begun(head)
    }

    private mutating func begun(_ head: Head) -> Part {
        state =
            switch head.end {
            case .head: .start
            case _ where answersHEAD: .sized(left: 0)
            case .length(let length): .sized(left: length)
            case .chunked: .body(BodyParser(.chunked))
            case .connection: .body(BodyParser(.untilClose))
            }
        return .head(head)
    }

    private mutating func body(_ parsed: BodyParser, _ buffer: inout ByteBuffer) throws(Malformed) -> Part? {
        var parser = parsed
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
