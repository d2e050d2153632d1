// SPDX-License-Identifier: Apache-2.0
internal import FunctionModel
internal import NIOCore
internal import NIOHTTP1

/// Which header fields go on, in both directions.
///
/// Source: Function Compute contract §7.6 and RFC 9110 §7.6.1.
enum HeaderRules {
    /// Where a request comes from, as the fields made here tell it.
    final class Origin {
        let address: String
        /// As the request target or the `Host` field has it.
        let host: String
        /// `http` or `https`.
        let scheme: StaticString
        /// All of it as lines, for requests that nobody before us has said anything of: a client's are alike, so they are made once.
        let lines: ByteBuffer

        init(address: String, host: String, scheme: StaticString) {
            (self.address, self.host, self.scheme) = (address, host, scheme)
            var out = HeadWriter(start: ByteBuffer(), room: 256)
            HeaderRules.tell(&out, address, host, scheme, before: ([], []))
            lines = out.bytes
        }
    }

    /// Writes the fields of an HTTP call as the function sees them, but for those that are the function's own and the framing.
    static func toFunction(_ out: inout HeadWriter, _ head: RequestHead, origin: Origin) {
        let (headers, options) = (head.headers, head.facts.connectionOptions)
        if head.facts.has(.forwarded) || head.facts.has(.forwardedFor) {
            tell(&out, origin.address, origin.host, origin.scheme, before: (headers["x-forwarded-for"], headers["forwarded"]))
        } else {
            out.add(lines: origin.lines)
        }
        out.add(headers) { line in
            switch line.meaning {
            case .ordinary, .contentType, .credentials, .date, .server, .contentDisposition:
                options.isEmpty || !options.contains(headers.name(line).lowercased())
            case .host, .functionCompute, .hopByHop, .connection, .upgrade, .expect, .contentLength, .transferEncoding, .forwarded,
                .forwardedFor, .forwardedProto, .forwardedHost, .traceparent, .tracestate:
                false
            }
        }
    }

    /// - Parameter before: what `X-Forwarded-For` and `Forwarded` say already.
    private static func tell(
        _ out: inout HeadWriter, _ address: String, _ host: String, _ scheme: StaticString, before: ([String], [String])
    ) {
        out.add("Host", host)
        out.add("X-Forwarded-For", before.0) { $0.put(text: address) }
        out.add("X-Forwarded-Proto", []) { $0.put(scheme) }
        out.add("X-Forwarded-Host", host)
        out.add("Forwarded", before.1) { forwarded(address, host, scheme, to: &$0) }
    }

    /// RFC 7239 §4: what no token holds is quoted, and an IPv6 address is in brackets.
    private static func forwarded(_ address: String, _ host: String, _ scheme: StaticString, to out: inout HeadWriter) {
        let isIPv6 = address.utf8.contains(UInt8(ascii: ":"))
        out.put(isIPv6 ? "for=\"[" : "for=")
        out.put(text: address)
        if isIPv6 { out.put("]\"") }
        if !host.isEmpty {
            out.put(";host=\"")
            out.put(text: host)
            out.put("\"")
        }
        out.put(";proto=")
        out.put(scheme)
    }

    /// Whether a field of a request goes on to the control API: all but those of this hop, and what a client says of its own address.
    static func passesToAPI(_ line: FieldLine, _ head: RequestHead) -> Bool {
        switch line.meaning {
        case .hopByHop, .connection, .upgrade, .expect, .contentLength, .transferEncoding, .forwarded, .forwardedFor: return false
        default:
            let options = head.facts.connectionOptions
            return options.isEmpty || !options.contains(head.headers.name(line).lowercased())
        }
    }

    /// The value of a cookie, as it was sent. Source: RFC 6265 §5.4.
    static func cookie(_ name: String, in headers: HeaderFields) -> String? {
        for line in headers["cookie"] {
            for pair in line.utf8.split(separator: UInt8(ascii: ";")) {
                let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
                if parts.count == 2, parts[0].drop(while: { $0 == 32 }).elementsEqual(name.utf8) { return String(Substring(parts[1])) }
            }
        }
        return nil
    }

    /// Adds what says how the request's body ends.
    static func frame(_ out: inout HeadWriter, _ method: HTTPMethod, _ body: RequestBody) {
        if body.chunked {
            out.add("Transfer-Encoding", "chunked")
        } else if let length = body.contentLength {
            out.add(contentLength: length)
        } else {
            switch method {
            case .POST, .PUT, .PATCH: out.add(contentLength: 0)
            default: break
            }
        }
    }

    /// Whether a field of a function's answer goes to the client. `Content-Length` is decided by the answer's framing.
    static func passesToClient(_ line: FieldLine, of headers: HeaderFields) -> Bool {
        switch line.meaning {
        case .functionCompute, .hopByHop, .connection, .upgrade, .contentLength, .transferEncoding, .date, .server: false
        case .contentDisposition: !headers.value(line).lowercased().hasPrefix("attachment")
        case .host, .expect, .forwarded, .forwardedFor, .forwardedProto, .forwardedHost, .traceparent, .tracestate, .contentType,
            .credentials, .ordinary:
            true
        }
    }

    /// Whether a field of the control API's answer goes to the client.
    static func passesFromAPI(_ line: FieldLine) -> Bool {
        switch line.meaning {
        case .hopByHop, .connection, .upgrade, .contentLength, .transferEncoding: false
        default: true
        }
    }

    /// Behind a body nothing may come that routes, frames or names a caller: whoever reads it merges it with the head (RFC 9110 §6.5.1).
    static func isTrailer(_ line: FieldLine) -> Bool { line.meaning == .ordinary || line.meaning == .contentType }

    /// Whether a value may be written as it is: no control character but the tab.
    static func isClean(_ value: String) -> Bool {
        var value = value
        return value.withUTF8 { Grammar.isClean(UnsafeRawBufferPointer($0), from: 0, to: $0.count) }
    }

    /// A value without the quotes that some clients put around it. Source: Function Compute contract §2.3, last paragraph.
    static func unquoted(_ value: String) -> String {
        value.utf8.count >= 2 && value.hasPrefix("\"") && value.hasSuffix("\"") ? String(value.dropFirst().dropLast()) : value
    }
}
