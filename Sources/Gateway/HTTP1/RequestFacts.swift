// SPDX-License-Identifier: Apache-2.0
internal import NIOHTTP1

/// What the head of a request says about itself, read once. A head that could be understood in two ways is refused, not repaired.
struct RequestFacts {
    private(set) var host: String?
    let body: RequestBody
    /// A bit for each ``HeaderName`` that a field has.
    private let meanings: UInt32
    private(set) var expectsContinue = false
    /// The protocol that the client wants to change to, where `Connection` names `upgrade` too.
    private(set) var upgrade: String?
    /// Lower-case names of fields that `Connection` lists.
    let connectionOptions: [String]
    let headerBytes: Int
    let keepAlive: Bool

    /// Whether there is a field of that meaning: most requests have few, and need not be searched.
    func has(_ meaning: HeaderName) -> Bool { meanings & 1 << meaning.rawValue != 0 }

    init(_ headers: HeaderFields, _ version: HTTPVersion) throws(Malformed) {
        var framing = FramingFacts()
        var asksUpgrade: String?
        var (size, found) = (0, UInt32(0))
        var own = (host: String?.none, expectsContinue: false)
        try headers.bytes.parsing { (bytes) throws(Malformed) in
            for line in headers.lines {
                size += line.name.count + line.value.count + 4
                found |= 1 << line.meaning.rawValue
                switch line.meaning {
                case .ordinary: continue
                case .contentLength, .transferEncoding, .connection: try framing.note(line, bytes)
                case .host:
                    guard own.host == nil else { throw Malformed("more than one Host header") }
                    own.host = try Self.host(bytes, line.value)
                case .expect:
                    guard Grammar.same(bytes, line.value, "100-continue") else { throw Malformed("Expect allows '100-continue' only") }
                    own.expectsContinue = true
                case .upgrade: asksUpgrade = String(decoding: UnsafeRawBufferPointer(rebasing: bytes[line.value]), as: UTF8.self)
                default: break
                }
            }
        }
        (host, expectsContinue) = own
        meanings = found
        body = RequestBody(contentLength: framing.contentLength, chunked: framing.chunked)
        guard !body.chunked || body.contentLength == nil else { throw Malformed("both Transfer-Encoding and Content-Length") }
        guard version == .http1_1 || !body.chunked else { throw Malformed("Transfer-Encoding in HTTP/1.0") }
        guard version == .http1_0 || host != nil else { throw Malformed("no Host header") }
        connectionOptions = framing.connectionOptions
        headerBytes = size
        keepAlive = framing.keepsAlive(version)
        if framing.namesUpgrade { upgrade = asksUpgrade }
    }

    /// A host with its port and nothing that somebody behind us could take for a path, a user or a second host. RFC 9110 §7.2, RFC 3986 §3.2.
    private static func host(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) throws(Malformed) -> String {
        let start = range.lowerBound + schemeLength(bytes, range)
        var (colon, colons) = (start, 0)
        for at in start..<range.upperBound {
            guard Grammar.isHost(bytes[at]) else { throw Malformed("the Host header has a character in it that no host has") }
            if bytes[at] == UInt8(ascii: ":") { (colon, colons) = (at, colons + 1) }
        }
        // Behind the last colon is a port, but for an address in brackets.
        if colons > 0, bytes[range.upperBound - 1] != UInt8(ascii: "]") {
            guard bytes[(colon + 1)..<range.upperBound].allSatisfy({ (48...57).contains($0) }),
                colons == 1 || bytes[colon - 1] == UInt8(ascii: "]")
            else { throw Malformed("the Host header has a character in it that no host has") }
        }
        return String(decoding: UnsafeRawBufferPointer(rebasing: bytes[range]), as: UTF8.self)
    }

    /// A scheme before it is tolerated (Function Compute contract §0, 12).
    private static func schemeLength(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Int {
        for scheme in ["http://", "https://"] as [StaticString] where range.count > scheme.utf8CodeUnitCount {
            let start = range.lowerBound..<range.lowerBound + scheme.utf8CodeUnitCount
            if Grammar.same(bytes, start, scheme) { return start.count }
        }
        return 0
    }
}

/// How the receiver of a request learns where its body ends.
struct RequestBody {
    var contentLength: Int?
    var chunked: Bool

    var isThere: Bool { chunked || (contentLength ?? 0) > 0 }
}
