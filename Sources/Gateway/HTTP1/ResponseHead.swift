// SPDX-License-Identifier: Apache-2.0
internal import NIOCore
internal import NIOHTTP1

/// The head of an answer; an object for the reason that ``RequestHead`` is one.
final class ResponseHead: MessageHead {
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

    /// An answer before the answer: 1xx, but for 101, which is the last one of its connection's HTTP. RFC 9110 §15.2.
    var isInterim: Bool { status < 200 && status != 101 }
    var mayRepeat: Bool { isKeepAlive && status >= 200 }

    /// RFC 9112 §6.3.
    var end: MessageEnd {
        if isInterim { return .head }
        if status == 204 || status == 304 || status == 101 { return .length(0) }
        if chunked { return .chunked }
        return contentLength.map { .length($0) } ?? .connection
    }

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
