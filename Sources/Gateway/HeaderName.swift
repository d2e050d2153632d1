// SPDX-License-Identifier: Apache-2.0

/// The header fields that mean something to the gateway. This file and ``HeaderRules`` are the one place that says what happens to a field.
enum HeaderName: UInt8 {
    case host, contentLength, transferEncoding, connection, expect, upgrade
    /// Meant for the next hop alone, RFC 9110 §7.6.1, and the two `Proxy-` fields of the same kind.
    case hopByHop
    /// `x-fc-*`: only the host says these to a function, and only the host says them to a client.
    case functionCompute
    case forwarded, forwardedFor, forwardedProto, forwardedHost
    case traceparent, tracestate
    case date, server, contentDisposition
    /// Who calls, or shall call: `Authorization`, `Cookie`, `Set-Cookie`. As a field of a head it is an ordinary one.
    case credentials
    /// Says which protocol a call is of; as a field it is an ordinary one.
    case contentType
    case ordinary

    /// - Parameter range: where the name lies; it is not empty.
    static func of(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> HeaderName {
        func same(_ name: StaticString) -> Bool { Grammar.same(bytes, range, name) }
        switch (range.count, lowered(bytes[range.lowerBound])) {
        case (2, UInt8(ascii: "t")) where same("te"): return .hopByHop
        case (4, UInt8(ascii: "h")) where same("host"): return .host
        case (4, UInt8(ascii: "d")) where same("date"): return .date
        case (6, UInt8(ascii: "c")) where same("cookie"): return .credentials
        case (6, UInt8(ascii: "e")) where same("expect"): return .expect
        case (6, UInt8(ascii: "s")) where same("server"): return .server
        case (7, UInt8(ascii: "u")) where same("upgrade"): return .upgrade
        case (9, UInt8(ascii: "f")) where same("forwarded"): return .forwarded
        case (10, UInt8(ascii: "c")) where same("connection"): return .connection
        case (10, UInt8(ascii: "k")) where same("keep-alive"): return .hopByHop
        case (10, UInt8(ascii: "s")) where same("set-cookie"): return .credentials
        case (10, UInt8(ascii: "t")) where same("tracestate"): return .tracestate
        case (11, UInt8(ascii: "t")) where same("traceparent"): return .traceparent
        case (12, UInt8(ascii: "c")) where same("content-type"): return .contentType
        case (13, UInt8(ascii: "a")) where same("authorization"): return .credentials
        case (14, UInt8(ascii: "c")) where same("content-length"): return .contentLength
        case (15, UInt8(ascii: "x")) where same("x-forwarded-for"): return .forwardedFor
        case (16, UInt8(ascii: "x")) where same("x-forwarded-host"): return .forwardedHost
        case (16, UInt8(ascii: "p")) where same("proxy-connection"): return .hopByHop
        case (17, UInt8(ascii: "x")) where same("x-forwarded-proto"): return .forwardedProto
        case (17, UInt8(ascii: "t")) where same("transfer-encoding"): return .transferEncoding
        case (18, UInt8(ascii: "p")) where same("proxy-authenticate"): return .hopByHop
        case (19, UInt8(ascii: "p")) where same("proxy-authorization"): return .hopByHop
        case (19, UInt8(ascii: "c")) where same("content-disposition"): return .contentDisposition
        case (5..., UInt8(ascii: "x")) where hasFunctionComputePrefix(bytes, range.lowerBound): return .functionCompute
        default: return looksLikeFraming(bytes, range) ? .hopByHop : .ordinary
        }
    }

    /// `x_fc_` counts as well: gateways of the CGI kind turn both into the same variable.
    private static func hasFunctionComputePrefix(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> Bool {
        func dash(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") }
        return dash(bytes[at + 1]) && lowered(bytes[at + 2]) == UInt8(ascii: "f") && lowered(bytes[at + 3]) == UInt8(ascii: "c")
            && dash(bytes[at + 4])
    }

    /// For the same reason `content_length` and `transfer_encoding` go no further.
    private static func looksLikeFraming(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Bool {
        switch range.count {
        case 14: Grammar.same(bytes, range, "content_length")
        case 17: Grammar.same(bytes, range, "transfer_encoding")
        default: false
        }
    }

    static func lowered(_ byte: UInt8) -> UInt8 { (65...90).contains(byte) ? byte | 0x20 : byte }
}
