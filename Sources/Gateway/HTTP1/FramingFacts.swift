// SPDX-License-Identifier: Apache-2.0
internal import NIOHTTP1

/// What a head says about the end of its message and of its connection, gathered line by line. What could be understood in two ways is refused: by
/// the request that hides in it, or the answer, somebody else would be hit (RFC 9112 §6.3 and §11.2).
struct FramingFacts {
    private(set) var contentLength: Int?
    private(set) var chunked = false
    private(set) var closes = false
    private(set) var keepsOldAlive = false
    private(set) var namesUpgrade = false
    /// Names of fields that are meant for this hop alone, in lower case.
    private(set) var connectionOptions: [String] = []

    mutating func note(_ line: FieldLine, _ bytes: UnsafeRawBufferPointer) throws(Malformed) {
        switch line.meaning {
        case .contentLength:
            guard contentLength == nil else { throw Malformed("more than one Content-Length header") }
            guard let length = Grammar.decimal(bytes, line.value) else { throw Malformed("Content-Length is not a number") }
            contentLength = length
        case .transferEncoding:
            guard !chunked, Grammar.same(bytes, line.value, "chunked") else {
                throw Malformed("Transfer-Encoding must be given once and be 'chunked'")
            }
            chunked = true
        case .connection:
            var at = line.value.lowerBound
            while at < line.value.upperBound {
                let comma = bytes[at..<line.value.upperBound].firstIndex(of: UInt8(ascii: ",")) ?? line.value.upperBound
                noteOption(bytes, at..<comma)
                at = comma + 1
            }
        default: break
        }
    }

    private mutating func noteOption(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end, Grammar.isBlank(bytes[start]) { start += 1 }
        while end > start, Grammar.isBlank(bytes[end - 1]) { end -= 1 }
        let option = start..<end
        if option.isEmpty { return }
        if Grammar.same(bytes, option, "keep-alive") {
            keepsOldAlive = true
        } else if Grammar.same(bytes, option, "close") {
            closes = true
        } else if Grammar.same(bytes, option, "upgrade") {
            namesUpgrade = true
        } else {
            connectionOptions.append(String(decoding: bytes[option], as: UTF8.self).lowercased())
        }
    }

    /// RFC 9112 §9.3.
    func keepsAlive(_ version: HTTPVersion) -> Bool { !closes && (version == .http1_1 || keepsOldAlive) }
}
