// SPDX-License-Identifier: Apache-2.0
internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP1
internal import NIOHTTP2

/// HTTP/2's fields as the lines of HTTP/1.1, and back. Source: RFC 9113 §8.2 and §8.3.
enum HTTP2Fields {
    // MARK: Towards HTTP/1.1

    /// - Returns: the head as bytes, and whether the body behind it must be chunked.
    static func requestHead(
        _ headers: HPACKHeaders, endStream: Bool, _ allocator: ByteBufferAllocator
    ) throws(Malformed) -> (ByteBuffer, chunked: Bool) {
        guard let method = headers.first(name: ":method"), let path = headers.first(name: ":path"), isPlain(method), isPlain(path) else {
            throw Malformed("no method or path, or a space or control character in one")
        }
        let authority = headers.first(name: ":authority") ?? headers.first(name: "host")
        guard let authority, isPlain(authority) else { throw Malformed("no authority") }
        var bytes = allocator.buffer(capacity: 512)
        bytes.writeString("\(method) \(path) HTTP/1.1\r\n")
        bytes.writeLine("Host", authority)
        var hasLength = false
        for (name, value, _) in headers where !name.hasPrefix(":") && name != "host" && name != "cookie" {
            switch name {
            case "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade": throw Malformed("'\(name)' in HTTP/2")
            case "content-length":
                // What the stream's end says already, and says once.
                if endStream { continue }
                hasLength = true
            default: break
            }
            try write(name, value, &bytes)
        }
        // RFC 9113 §8.2.3: a cookie may come in pieces.
        let cookies = headers["cookie"]
        if !cookies.isEmpty { try write("cookie", cookies.joined(separator: "; "), &bytes) }
        let chunked = !endStream && !hasLength
        if chunked { bytes.writeLine("Transfer-Encoding", "chunked") }
        bytes.writeStaticString("\r\n")
        return (bytes, chunked)
    }

    /// A value with a control character in it is left out: the parser behind this would refuse it too.
    static func answerHead(
        _ headers: HPACKHeaders, _ status: String, isInterim: Bool, endStream: Bool, _ allocator: ByteBufferAllocator
    ) -> (ByteBuffer, chunked: Bool) {
        var bytes = allocator.buffer(capacity: 512)
        bytes.writeString("HTTP/1.1 \(status) \r\n")
        var hasLength = false
        for (name, value, _) in headers where !name.hasPrefix(":") && HeaderRules.isClean(value) {
            if name == "content-length" {
                if endStream { continue }
                hasLength = true
            }
            bytes.writeLine(name, value)
        }
        let chunked = !isInterim && !endStream && !hasLength
        if chunked { bytes.writeLine("Transfer-Encoding", "chunked") }
        if endStream, !isInterim { bytes.writeLine("Content-Length", headers.first(name: "content-length") ?? "0") }
        bytes.writeStaticString("\r\n")
        return (bytes, chunked)
    }

    static func chunk(_ bytes: ByteBuffer, _ allocator: ByteBufferAllocator) -> ByteBuffer {
        var chunk = allocator.buffer(capacity: bytes.readableBytes + 24)
        chunk.writeHexadecimal(bytes.readableBytes)
        chunk.writeStaticString("\r\n")
        chunk.writeImmutableBuffer(bytes)
        chunk.writeStaticString("\r\n")
        return chunk
    }

    static func chunkedEnd(_ trailers: HPACKHeaders, _ allocator: ByteBufferAllocator) -> ByteBuffer {
        var bytes = allocator.buffer(capacity: 64)
        bytes.writeStaticString("0\r\n")
        for (name, value, _) in trailers where !name.hasPrefix(":") && HeaderRules.isClean(value) { bytes.writeLine(name, value) }
        bytes.writeStaticString("\r\n")
        return bytes
    }

    private static func write(_ name: String, _ value: String, _ bytes: inout ByteBuffer) throws(Malformed) {
        guard HeaderRules.isClean(value), isToken(name) else { throw Malformed("field '\(name)' is none that HTTP/1.1 allows") }
        bytes.writeLine(name, value)
    }

    private static func isToken(_ name: String) -> Bool {
        var name = name
        return !name.isEmpty && name.withUTF8 { Grammar.endOfToken(UnsafeRawBufferPointer($0), from: 0, to: $0.count) == $0.count }
    }

    private static func isPlain(_ text: String) -> Bool { !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f } }

    // MARK: Towards HTTP/2

    static func answer(_ head: ResponseHead) -> HPACKHeaders {
        var fields = HPACKHeaders([(":status", String(head.status))])
        add(head.headers, to: &fields)
        return fields
    }

    static func request(_ head: RequestHead) -> HPACKHeaders {
        var fields = HPACKHeaders([
            (":method", head.method.rawValue), (":scheme", "http"), (":path", head.uri), (":authority", head.facts.host ?? "localhost"),
        ])
        add(head.headers, to: &fields)
        // gRPC asks for it, and the trailers do go through.
        fields.add(name: "te", value: "trailers")
        return fields
    }

    private static func add(_ headers: HeaderFields, to fields: inout HPACKHeaders) {
        for line in headers.lines {
            switch line.meaning {
            case .connection, .transferEncoding, .upgrade, .hopByHop, .host: continue
            default: fields.add(name: headers.name(line).lowercased(), value: headers.value(line))
            }
        }
    }

    /// The last frame of a message: `last` with the mark of the end, or one for the trailers, `before` which `last` is sent.
    static func ended(_ last: HTTP2Frame.FramePayload?, _ trailers: HeaderFields?, before: () -> Void) -> HTTP2Frame.FramePayload? {
        if let trailers, case let kept = trailers.lines.filter(HeaderRules.isTrailer), !kept.isEmpty {
            before()
            var fields = HPACKHeaders()
            add(HeaderFields(trailers.bytes, kept), to: &fields)
            return .headers(.init(headers: fields, endStream: true))
        }
        switch last {
        case .headers(var frame)?:
            frame.endStream = true
            return .headers(frame)
        case .data(var frame)?:
            frame.endStream = true
            return .data(frame)
        default:
            before()
            return .data(.init(data: .byteBuffer(ByteBuffer()), endStream: true))
        }
    }
}
