// SPDX-License-Identifier: Apache-2.0

/// The characters that HTTP/1.1 allows in each place.
enum Grammar {
    /// RFC 9110 §5.6.2: a bit for each of the first 128 characters that is one of ``!#$%&'*+-.^_`|~``, a digit or a letter.
    private static let tokens: (low: UInt64, high: UInt64) = (0x03ff_6cfa_0000_0000, 0x57ff_ffff_c7ff_fffe)

    /// The index of the first byte from `start` on that is no token character; `end` where all are.
    static func endOfToken(_ bytes: UnsafeRawBufferPointer, from start: Int, to end: Int) -> Int {
        let bits = tokens
        var at = start
        while at < end {
            // Most are letters and dashes alone.
            if end - at >= 8 {
                let others = EightBytes(bytes, at).others
                if others == 0 {
                    at += 8
                    continue
                }
                at += others.trailingZeroBitCount >> 3
            }
            let byte = bytes[at]
            guard byte < 128, (byte < 64 ? bits.low : bits.high) & (1 << UInt64(byte & 63)) != 0 else { return at }
            at += 1
        }
        return end
    }

    /// Whether a value may be written as it is: no control character but the tab. RFC 9110 §5.5.
    static func isClean(_ bytes: UnsafeRawBufferPointer, from start: Int, to end: Int) -> Bool {
        var at = start
        while end - at >= 16 {
            let block = bytes.loadUnaligned(fromByteOffset: at, as: SIMD16<UInt8>.self)
            if any(((block .< 0x20) .& (block .!= 0x09)) .| (block .== 0x7f)) { return false }
            at += 16
        }
        while at < end {
            let byte = bytes[at]
            if (byte < 0x20 && byte != 0x09) || byte == 0x7f { return false }
            at += 1
        }
        return true
    }

    /// A bit for each of the first 128 characters that a host with its port may have: no name, address or port has another. RFC 3986 §3.2.2, without what
    /// only passwords and lists need.
    private static let hosts: (low: UInt64, high: UInt64) = (0x07ff_6020_0000_0000, 0x47ff_fffe_afff_fffe)

    static func isHost(_ byte: UInt8) -> Bool { byte < 128 && (byte < 64 ? hosts.low : hosts.high) & (1 << UInt64(byte & 63)) != 0 }

    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// The value of a hexadecimal digit.
    static func hexDigit(_ byte: UInt8) -> Int? {
        switch byte {
        case 48...57: Int(byte) - 48
        case 65...70: Int(byte) - 55
        case 97...102: Int(byte) - 87
        default: nil
        }
    }

    /// A number of digits alone: `Int` would take a sign too.
    static func decimal(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Int? {
        guard !range.isEmpty, range.count <= 18 else { return nil }
        var value = 0
        for at in range {
            guard (48...57).contains(bytes[at]) else { return nil }
            value = value * 10 + Int(bytes[at]) - 48
        }
        return value
    }

    /// Compares ASCII bytes with a lower-case name, case aside.
    static func same(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ lowerCase: StaticString) -> Bool {
        let count = range.count
        guard count == lowerCase.utf8CodeUnitCount else { return false }
        let expected = UnsafeRawBufferPointer(start: lowerCase.utf8Start, count: count)
        guard count >= 8 else {
            for index in 0..<count where HeaderName.lowered(bytes[range.lowerBound + index]) != expected[index] { return false }
            return true
        }
        var at = 0
        while true {
            guard EightBytes(bytes, range.lowerBound + at).lowered == EightBytes(expected, at).word else { return false }
            if at == count - 8 { return true }
            // The last eight may overlap those before them.
            at = min(at + 8, count - 8)
        }
    }

    /// Whether these are exactly the bytes of a word.
    static func equal(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ word: StaticString) -> Bool {
        guard range.count == word.utf8CodeUnitCount else { return false }
        for index in 0..<range.count where bytes[range.lowerBound + index] != word.utf8Start[index] { return false }
        return true
    }
}

/// Eight bytes side by side, each looked at in the same steps. A byte's highest bit is where its answer stands; no step carries into the next byte, since all
/// begin with that bit clear.
struct EightBytes {
    private static let each: UInt64 = 0x0101_0101_0101_0101
    private static let highest: UInt64 = 0x8080_8080_8080_8080

    let word: UInt64

    init(_ bytes: UnsafeRawBufferPointer, _ at: Int) {
        word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
    }

    /// The bytes from `first` to `last` of the first 128 characters.
    private func within(_ first: UInt8, _ last: UInt8) -> UInt64 {
        let low = word & ~Self.highest
        let reached = low &+ Self.each &* UInt64(128 - first)
        let passed = low &+ Self.each &* UInt64(127 - last)
        return (reached ^ passed) & ~word & Self.highest
    }

    /// With the capital letters of ASCII made small.
    var lowered: UInt64 { word | within(UInt8(ascii: "A"), UInt8(ascii: "Z")) >> 2 }

    /// Those that are neither a letter nor a dash.
    var others: UInt64 {
        let letters = within(UInt8(ascii: "a"), UInt8(ascii: "z")) | within(UInt8(ascii: "A"), UInt8(ascii: "Z"))
        return ~(letters | within(UInt8(ascii: "-"), UInt8(ascii: "-"))) & Self.highest
    }
}
