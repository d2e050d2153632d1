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

    /// A character of a host with its port: no name, address or port has another. RFC 3986 §3.2.2, without what only passwords and lists need.
    static func isHost(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "_"), UInt8(ascii: "["),
            UInt8(ascii: "]"), UInt8(ascii: "%"), UInt8(ascii: "~"):
            true
        default: false
        }
    }

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
        guard range.count == lowerCase.utf8CodeUnitCount else { return false }
        let expected = lowerCase.utf8Start
        for index in 0..<range.count where HeaderName.lowered(bytes[range.lowerBound + index]) != expected[index] { return false }
        return true
    }
}
