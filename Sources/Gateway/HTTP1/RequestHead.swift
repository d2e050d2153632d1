// SPDX-License-Identifier: Apache-2.0
internal import NIOCore
internal import NIOHTTP1

/// The head of a request, read once and checked: what comes of it can be understood in one way only.
///
/// An object, since it goes through many hands: each would keep every part of a value alive for itself.
final class RequestHead: MessageHead {
    let method: HTTPMethod
    /// The request target, as it came.
    let uri: String
    let version: HTTPVersion
    let headers: HeaderFields
    let facts: RequestFacts
    var isRepeated = false
    /// What goes on to the function for this head, but for what is another for each call.
    var toFunction: KnownLines?

    var isKeepAlive: Bool { facts.keepAlive }
    var mayRepeat: Bool { facts.keepAlive }
    var end: MessageEnd { !facts.body.isThere ? .head : facts.body.chunked ? .chunked : .length(facts.body.contentLength ?? 0) }

    /// The same head but for some fields, with nothing that was written for this one. None of the fields may be one that ``facts`` were read from.
    func without(fields names: [String]) -> RequestHead { RequestHead(self, headers.without(names)) }

    func kept() -> RequestHead { RequestHead(self, headers.kept()) }

    private init(_ other: RequestHead, _ headers: HeaderFields) {
        (method, uri, version, facts) = (other.method, other.uri, other.version, other.facts)
        self.headers = headers
    }

    init(_ bytes: ByteBuffer, line: Range<Int>, _ fields: [FieldLine]) throws(Malformed) {
        let start = try bytes.parsing { (bytes) throws(Malformed) in try Self.startLine(bytes, line) }
        (method, uri, version) = start
        headers = HeaderFields(bytes, fields)
        facts = try RequestFacts(headers, version)
    }

    /// RFC 9112 §3: exactly one space between the three parts.
    private static func startLine(
        _ bytes: UnsafeRawBufferPointer, _ line: Range<Int>
    ) throws(Malformed) -> (HTTPMethod, String, HTTPVersion) {
        let methodEnd = Grammar.endOfToken(bytes, from: line.lowerBound, to: line.upperBound)
        guard methodEnd > line.lowerBound, methodEnd < line.upperBound, bytes[methodEnd] == 0x20 else {
            throw Malformed("the request line does not begin with a method and a space")
        }
        var (targetEnd, anyByte) = (methodEnd + 1, UInt8(0))
        while targetEnd < line.upperBound, bytes[targetEnd] > 0x20, bytes[targetEnd] != 0x7f {
            anyByte |= bytes[targetEnd]
            targetEnd += 1
        }
        guard targetEnd > methodEnd + 1, targetEnd < line.upperBound, bytes[targetEnd] == 0x20 else {
            throw Malformed("the request target is empty, or a space or control character is in it")
        }
        let text = UnsafeRawBufferPointer(rebasing: bytes[methodEnd + 1..<targetEnd])
        // Most are ASCII, and need not be validated.
        guard let target = anyByte < 128 ? String(decoding: text, as: UTF8.self) : String(validating: text, as: UTF8.self) else {
            throw Malformed("the request target is not UTF-8")
        }
        let rest = targetEnd + 1..<line.upperBound
        let version: HTTPVersion
        if Grammar.same(bytes, rest, "http/1.1"), bytes[rest.lowerBound] == UInt8(ascii: "H") {
            version = .http1_1
        } else if Grammar.same(bytes, rest, "http/1.0"), bytes[rest.lowerBound] == UInt8(ascii: "H") {
            version = .http1_0
        } else {
            throw Malformed("only HTTP/1.0 and HTTP/1.1 are spoken here")
        }
        return (Self.method(bytes, line.lowerBound..<methodEnd), target, version)
    }

    private static func method(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> HTTPMethod {
        // Names of methods are told apart by case.
        switch (range.count, bytes[range.lowerBound]) {
        case (3, UInt8(ascii: "G")) where Grammar.equal(bytes, range, "GET"): .GET
        case (3, UInt8(ascii: "P")) where Grammar.equal(bytes, range, "PUT"): .PUT
        case (4, UInt8(ascii: "P")) where Grammar.equal(bytes, range, "POST"): .POST
        case (4, UInt8(ascii: "H")) where Grammar.equal(bytes, range, "HEAD"): .HEAD
        default: HTTPMethod(rawValue: String(decoding: bytes[range], as: UTF8.self))
        }
    }
}

/// `==` makes texts of both to compare them.
extension HTTPMethod {
    var isHEAD: Bool { if case .HEAD = self { true } else { false } }

    func isSame(as other: HTTPMethod) -> Bool {
        switch (self, other) {
        case (.GET, .GET), (.POST, .POST), (.PUT, .PUT), (.HEAD, .HEAD): true
        default: self == other
        }
    }
}

extension ByteBuffer {
    /// `withUnsafeReadableBytes` for a body with a typed error.
    func parsing<Value>(_ body: (UnsafeRawBufferPointer) throws(Malformed) -> Value) throws(Malformed) -> Value {
        let result = withUnsafeReadableBytes { bytes in
            Result { () throws(Malformed) in try body(bytes) }
        }
        return try result.get()
    }
}
