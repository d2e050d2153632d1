// SPDX-License-Identifier: Apache-2.0

/// One running copy of a function version: `c-<8 hex time>-<8 hex>-<12 hex>`, as Function Compute writes it.
public struct InstanceID: Hashable, Sendable, CustomStringConvertible {
    public let text: String

    /// - Returns: nil unless `text` is 1 to 64 of `a-z`, `0-9` and `-`. It becomes the name of a cgroup and a directory on the privileged side.
    public init?(_ text: String) {
        let allowed = text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
        guard (1...64).contains(text.utf8.count), allowed, text.utf8.first != 45 else { return nil }
        self.text = text
    }

    /// - Parameter seconds: Unix time, in seconds.
    public init(seconds: Int64, using random: inout some RandomNumberGenerator) {
        text = timeAndRandomHex("c", seconds: seconds, using: &random)
    }

    public var description: String { text }
}

/// One invocation: `1-<8 hex time>-<8 hex>-<12 hex>`. A retry of an asynchronous invocation keeps it.
public struct RequestID: Hashable, Sendable, CustomStringConvertible {
    /// The 28 digits of an id as it is made here, 16 and 12 of them: a call hands its id on a dozen times, and this way none counts a reference.
    private let first: UInt64
    private let last: UInt64
    /// The text of any other.
    private let other: String?

    /// How long one may be that a caller chose.
    public static let mostBytes = 128
    private static let usualBytes = 32

    /// The digits of an id as it is made here.
    public struct Digits: Hashable, Sendable {
        /// The first 16.
        public let first: UInt64
        /// The last 12.
        public let last: UInt64

        /// - Parameter last: its upper 16 bits go.
        public init(first: UInt64, last: UInt64) { (self.first, self.last) = (first, last & 0xffff_ffff_ffff) }
    }

    /// Nil for an id of another form, which a caller may choose.
    public var digits: Digits? { other == nil ? Digits(first: first, last: last) : nil }

    public init(_ digits: Digits) { self.init(digits.first, digits.last) }

    /// - Returns: nil unless `text` is 1 to 128 visible ASCII characters, which makes it safe in a header and in a log line.
    public init?(_ text: String) {
        guard (1...Self.mostBytes).contains(text.utf8.count), text.utf8.allSatisfy({ (33...126).contains($0) }) else { return nil }
        var (first, last) = (UInt64(0), UInt64(0))
        for byte in text.utf8.dropFirst() {
            guard let digit = Self.digit(byte) else { continue }
            (first, last) = (first << 4 | last >> 44, (last << 4 | digit) & 0xffff_ffff_ffff)
        }
        // Whether it is one as it is made here is seen by making it again.
        let usual = RequestID(first, last)
        self = usual.text == text ? usual : RequestID(0, 0, other: text)
    }

    private init(_ first: UInt64, _ last: UInt64, other: String? = nil) { (self.first, self.last, self.other) = (first, last, other) }

    /// - Parameter seconds: Unix time, in seconds.
    public init(seconds: Int64, using random: inout some RandomNumberGenerator) {
        self.init(UInt64(UInt32(truncatingIfNeeded: seconds)) << 32 | random.next() >> 32, random.next() >> 16)
    }

    private static func digit(_ byte: UInt8) -> UInt64? {
        switch byte {
        case 48...57: UInt64(byte) - 48
        case 97...102: UInt64(byte) - 87
        default: nil
        }
    }

    public var text: String {
        other
            ?? String(unsafeUninitializedCapacity: Self.usualBytes) { text in
                write(to: UnsafeMutableRawBufferPointer(text))
                return Self.usualBytes
            }
    }

    /// Copies it to memory that has room for ``mostBytes``.
    ///
    /// - Returns: its length in bytes.
    public func copyText(to memory: UnsafeMutableRawBufferPointer) -> Int {
        guard var text = other else {
            write(to: memory)
            return Self.usualBytes
        }
        return text.withUTF8 { bytes in
            memory.copyMemory(from: UnsafeRawBufferPointer(bytes))
            return bytes.count
        }
    }

    private func write(to memory: UnsafeMutableRawBufferPointer) {
        writeTimeAndDigits("1", UInt32(truncatingIfNeeded: first >> 32), UInt32(truncatingIfNeeded: first), last, to: memory)
    }

    public var description: String { text }
}

private func timeAndRandomHex(_ kind: Unicode.Scalar, seconds: Int64, using random: inout some RandomNumberGenerator) -> String {
    let bits: (UInt64, UInt64) = (random.next(), random.next())
    return String(unsafeUninitializedCapacity: 32) { text in
        writeTimeAndDigits(
            kind, UInt32(truncatingIfNeeded: seconds), UInt32(truncatingIfNeeded: bits.0), bits.1 & 0xffff_ffff_ffff,
            to: UnsafeMutableRawBufferPointer(text))
        return 32
    }
}

/// Written for every call, so straight into its place.
///
/// - Parameters:
///   - last: twelve digits.
///   - memory: gets 32 bytes.
private func writeTimeAndDigits(
    _ kind: Unicode.Scalar, _ time: UInt32, _ middle: UInt32, _ last: UInt64, to memory: UnsafeMutableRawBufferPointer
) {
    (memory[0], memory[1], memory[10], memory[19]) = (UInt8(ascii: kind), UInt8(ascii: "-"), UInt8(ascii: "-"), UInt8(ascii: "-"))
    memory.storeBytes(of: hexDigits(time), toByteOffset: 2, as: UInt64.self)
    memory.storeBytes(of: hexDigits(middle), toByteOffset: 11, as: UInt64.self)
    memory.storeBytes(of: hexDigits(UInt32(truncatingIfNeeded: last >> 16)), toByteOffset: 20, as: UInt64.self)
    // The last eight digits overlap the eight before them by four.
    memory.storeBytes(of: hexDigits(UInt32(truncatingIfNeeded: last)), toByteOffset: 24, as: UInt64.self)
}

/// The eight hexadecimal digits of a number, in lower case, as they lie in memory; all eight are made at once.
public func hexDigits(_ number: UInt32) -> UInt64 {
    var digits = UInt64(number)
    digits = (digits & 0xffff_0000) << 16 | digits & 0xffff
    digits = (digits & 0x0000_ff00_0000_ff00) << 8 | digits & 0x0000_00ff_0000_00ff
    digits = (digits & 0x00f0_00f0_00f0_00f0) << 4 | digits & 0x000f_000f_000f_000f
    // 1 in each byte whose digit is a letter.
    let letters = (digits + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
    return (digits + 0x3030_3030_3030_3030 + letters * 39).bigEndian
}
