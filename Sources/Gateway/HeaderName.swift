// SPDX-License-Identifier: Apache-2.0

/// The header fields that mean something to the gateway. This file and ``HeaderRules`` are the one place that says what happens to a field.
enum HeaderName {
    case host, contentLength, transferEncoding, connection, expect, upgrade
    /// Meant for the next hop alone, RFC 9110 §7.6.1, and the two `Proxy-` fields of the same kind.
    case hopByHop
    /// `x-fc-*`: only the host says these to a function, and only the host says them to a client.
    case functionCompute
    case forwardedFor, forwardedProto, forwardedHost
    case date, server, contentDisposition
    case ordinary

    static func of(_ name: String) -> HeaderName {
        let utf8 = name.utf8
        switch utf8.count {
        case 2 where same(utf8, "te"): return .hopByHop
        case 4 where same(utf8, "host"): return .host
        case 4 where same(utf8, "date"): return .date
        case 6 where same(utf8, "expect"): return .expect
        case 6 where same(utf8, "server"): return .server
        case 7 where same(utf8, "upgrade"): return .upgrade
        case 7 where same(utf8, "trailer"): return .hopByHop
        case 10 where same(utf8, "connection"): return .connection
        case 10 where same(utf8, "keep-alive"): return .hopByHop
        case 14 where same(utf8, "content-length"): return .contentLength
        case 15 where same(utf8, "x-forwarded-for"): return .forwardedFor
        case 16 where same(utf8, "x-forwarded-host"): return .forwardedHost
        case 16 where same(utf8, "proxy-connection"): return .hopByHop
        case 17 where same(utf8, "x-forwarded-proto"): return .forwardedProto
        case 17 where same(utf8, "transfer-encoding"): return .transferEncoding
        case 18 where same(utf8, "proxy-authenticate"): return .hopByHop
        case 19 where same(utf8, "proxy-authorization"): return .hopByHop
        case 19 where same(utf8, "content-disposition"): return .contentDisposition
        case 5... where hasFunctionComputePrefix(utf8): return .functionCompute
        default: return .ordinary
        }
    }

    /// Compares an ASCII name with a lower-case one of the same length.
    static func same(_ name: String.UTF8View, _ lowerCase: StaticString) -> Bool {
        var index = 0
        return lowerCase.withUTF8Buffer { expected in
            guard name.count == expected.count else { return false }
            for byte in name {
                if lowered(byte) != expected[index] { return false }
                index += 1
            }
            return true
        }
    }

    /// `x_fc_` counts as well: gateways of the CGI kind turn both into the same variable.
    private static func hasFunctionComputePrefix(_ name: String.UTF8View) -> Bool {
        var bytes = name.makeIterator()
        func dash(_ byte: UInt8?) -> Bool { byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") }
        guard lowered(bytes.next() ?? 0) == UInt8(ascii: "x"), dash(bytes.next()), lowered(bytes.next() ?? 0) == UInt8(ascii: "f"),
            lowered(bytes.next() ?? 0) == UInt8(ascii: "c"), dash(bytes.next())
        else { return false }
        return true
    }

    static func lowered(_ byte: UInt8) -> UInt8 { (65...90).contains(byte) ? byte | 0x20 : byte }
}
