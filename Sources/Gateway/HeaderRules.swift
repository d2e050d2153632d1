// SPDX-License-Identifier: Apache-2.0
internal import FunctionModel
internal import NIOHTTP1

/// Which header fields go on, in both directions.
///
/// Source: Function Compute contract §7.6 and RFC 9110 §7.6.1.
enum HeaderRules {
    /// Where a request comes from, as the fields made here tell it.
    struct Origin {
        var address: String
        var host: String
    }

    /// The fields of an HTTP call as the function sees them, without framing.
    static func toFunction(_ headers: HTTPHeaders, _ facts: RequestFacts, origin: Origin, own: [(String, String)]) -> [(String, String)] {
        var result: [(String, String)] = []
        result.reserveCapacity(headers.count + own.count + 10)
        var forwardedFor: String?
        for (name, value) in headers {
            switch HeaderName.of(name) {
            case .ordinary, .date, .server, .contentDisposition:
                if !facts.connectionOptions.isEmpty, isNamed(name, in: facts.connectionOptions) { continue }
                result.append((name, value))
            case .host: result.append(("Host", value))
            case .forwardedFor: forwardedFor = forwardedFor.map { $0 + ", " + value } ?? value
            case .functionCompute, .hopByHop, .connection, .upgrade, .expect, .contentLength, .transferEncoding, .forwardedProto,
                .forwardedHost:
                continue
            }
        }
        result.append(("X-Forwarded-For", forwardedFor.map { $0 + ", " + origin.address } ?? origin.address))
        result.append(("X-Forwarded-Proto", "http"))
        result.append(("X-Forwarded-Host", origin.host))
        result.append(contentsOf: own)
        return result
    }

    /// The fields of a request to the control API: all but those of this hop.
    static func toAPI(_ headers: HTTPHeaders, _ facts: RequestFacts) -> [(String, String)] {
        headers.filter { name, _ in
            switch HeaderName.of(name) {
            case .hopByHop, .connection, .upgrade, .expect, .contentLength, .transferEncoding: false
            default: !isNamed(name, in: facts.connectionOptions)
            }
        }
    }

    /// The value of a cookie, as it was sent. Source: RFC 6265 §5.4.
    static func cookie(_ name: String, in headers: HTTPHeaders) -> String? {
        for line in headers["cookie"] {
            for pair in line.utf8.split(separator: UInt8(ascii: ";")) {
                let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
                if parts.count == 2, parts[0].drop(while: { $0 == 32 }).elementsEqual(name.utf8) { return String(Substring(parts[1])) }
            }
        }
        return nil
    }

    /// Adds what says how the request's body ends.
    static func frame(_ headers: inout [(String, String)], _ method: HTTPMethod, _ facts: RequestFacts) {
        if facts.chunked {
            headers.append(("Transfer-Encoding", "chunked"))
        } else if let length = facts.contentLength {
            headers.append(("Content-Length", String(length)))
        } else if method == .POST || method == .PUT || method == .PATCH {
            headers.append(("Content-Length", "0"))
        }
    }

    /// Whether a field of a function's answer goes to the client. `Content-Length` is decided by the answer's framing.
    static func passesToClient(_ name: HeaderName, _ value: String) -> Bool {
        switch name {
        case .functionCompute, .hopByHop, .connection, .upgrade, .contentLength, .transferEncoding, .date, .server: false
        case .contentDisposition: !value.lowercased().hasPrefix("attachment")
        case .host, .expect, .forwardedFor, .forwardedProto, .forwardedHost, .ordinary: true
        }
    }

    /// Whether a value may be written as it is: no control character but the tab.
    static func isClean(_ value: String) -> Bool {
        var value = value
        return value.withUTF8 { $0.allSatisfy { ($0 >= 0x20 || $0 == 0x09) && $0 != 0x7f } }
    }

    /// A value without the quotes that some clients put around it. Source: Function Compute contract §2.3, last paragraph.
    static func unquoted(_ value: String) -> String {
        value.utf8.count >= 2 && value.hasPrefix("\"") && value.hasSuffix("\"") ? String(value.dropFirst().dropLast()) : value
    }

    private static func isNamed(_ name: String, in options: [String]) -> Bool {
        !options.isEmpty && options.contains(name.lowercased())
    }
}
