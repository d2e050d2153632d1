// SPDX-License-Identifier: Apache-2.0

/// Makes streams of requests that are almost right, always the same ones for the same seed.
struct RequestMutator {
    private var random: SeededRandom
    private let host: String

    init(seed: UInt64, host: String) {
        random = SeededRandom(state: seed)
        self.host = host
    }

    private static let lines = [
        "Content-Length: 5", "Content-Length: 0", "Content-Length: +5", "content-length:5", "Content-Length: 5, 5", "Content-Length : 5",
        "Content-Length: 5 5", "Content-Length: 0x5", "Content-Length: 05", "Content-Length:", "Content_Length: 5",
        "Transfer-Encoding: chunked", "Transfer-Encoding: identity", "Transfer-Encoding: gzip, chunked", "Transfer-Encoding:\tchunked",
        "Transfer-Encoding : chunked", "transfer_encoding: chunked", "Transfer-Encoding: xchunked", "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding:\u{b}chunked", "Transfer-Encoding: \"chunked\"", "Transfer-Encoding:", " folded: yes", "\tfolded", "X: y\n z",
        "X: y\nTransfer-Encoding: chunked", "X: y\rTransfer-Encoding: chunked", "Connection: close", "Connection: content-length",
        "Connection: keep-alive, x-a", "Expect: 100-continue", "Expect: 200-ok", "Host: g.localhost", "Upgrade: h2c", "X-\u{e9}: 1",
        ": empty",
        "NoColon", "Trailer: X-T", "X-Fc-Account-Id: 1", "Content-Length: 5\u{0}",
    ]
    private static let chunks = [
        "05", "0x5", "5;a=b", "5 ", "5\t", " 5", "+5", "-5", "G", "00000000000000005", "fffffffffffffffff5", "5;a=\"\n\"", "5\n", "", "6",
        "4",
    ]
    private static let versions = [
        "HTTP/1.0", "HTTP/0.9", "HTTP/1.2", "HTTP/2.0", "http/1.1", "HTTP/1.1 ", "HTTP/1.01", "HTTP/11", "HTTP /1.1", "",
    ]
    private static let targets = [
        "*", "//", "/%00", "/a b", "/\u{1}", "/a#b", "?q", "http://HOST/abs", "http://u@HOST/", "http:///x", "HTTP://HOST/up", "/a\u{e9}",
        "/\"<>\\^`{|}",
    ]
    private static let bytes: [UInt8] = [0, 9, 10, 11, 13, 32, 34, 44, 45, 48, 53, 58, 59, 61, 0x7f, 0x80, 0xff]

    private func base(_ number: Int) -> String {
        let get = "GET /a HTTP/1.1\r\nHost: \(host)\r\nX-A: b\r\n\r\n"
        let post = "POST /b HTTP/1.1\r\nHost: \(host)\r\nContent-Length: 5\r\n\r\nhello"
        let chunked = "POST /c HTTP/1.1\r\nHost: \(host)\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
        let hidden = "POST /d HTTP/1.1\r\nHost: \(host)\r\nContent-Length: \(get.utf8.count)\r\n\r\n\(get)"
        let hiddenChunked =
            "POST /e HTTP/1.1\r\nHost: \(host)\r\nTransfer-Encoding: chunked\r\n\r\n\(String(get.utf8.count, radix: 16))\r\n\(get)\r\n0\r\nX-T: 1\r\n\r\n"
        return [get, post, chunked, post + get, chunked + get, hidden, hiddenChunked, get + post][number % 8]
    }

    /// One stream, with a whole request behind it that asks for the connection to be closed.
    mutating func next() -> [UInt8] {
        var bytes = Array(base(Int(random.next() % 8)).utf8)
        for _ in 0...(random.next() % 3) { mutate(&bytes) }
        return bytes + Array("GET /end HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n".utf8)
    }

    private mutating func mutate(_ bytes: inout [UInt8]) {
        switch random.next() % 10 {
        case 0: bytes.insert(pick(Self.bytes), at: below(bytes.count))
        case 1: bytes[below(bytes.count)] = pick(Self.bytes)
        case 2: bytes.remove(at: below(bytes.count))
        case 3, 4, 5: insertLine(Array(pick(Self.lines).utf8), &bytes)
        case 6: replace("5\r\n", pick(Self.chunks) + "\r\n", &bytes)
        case 7: replace("HTTP/1.1", pick(Self.versions), &bytes)
        case 8: replace(pick(["/a", "/b", "/c"]), pick(Self.targets).replacing("HOST", with: host), &bytes)
        default: replace("\r\n", pick(["\n", "\r", "\r\r\n", "\n\r\n", " \r\n", "\r\n\r\n"]), &bytes)
        }
    }

    /// Puts a line behind one of the stream's line breaks.
    private mutating func insertLine(_ line: [UInt8], _ bytes: inout [UInt8]) {
        let ends = bytes.indices.filter { bytes[$0] == 10 && $0 + 1 < bytes.count }
        guard !ends.isEmpty else { return }
        bytes.insert(contentsOf: line + [13, 10], at: pick(ends) + 1)
    }

    /// Replaces one of the places where `old` is.
    private mutating func replace(_ old: String, _ new: String, _ bytes: inout [UInt8]) {
        let old = Array(old.utf8)
        let places = bytes.indices.filter { bytes[$0...].starts(with: old) }
        guard !places.isEmpty else { return }
        let place = pick(places)
        bytes.replaceSubrange(place..<place + old.count, with: Array(new.utf8))
    }

    private mutating func below(_ count: Int) -> Int { Int(random.next() % UInt64(max(1, count))) }
    private mutating func pick<Value>(_ values: [Value]) -> Value { values[below(values.count)] }
}

/// SplitMix64.
struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
