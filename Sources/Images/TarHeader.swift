// SPDX-License-Identifier: Apache-2.0
import FunctionModel

/// One 512-byte header of a tar, with what counts for finding a member. Sources: POSIX.1-2017, pax, "ustar Interchange Format"; GNU tar manual,
/// "Basic Tar Format".
struct TarHeader {
    static let size = 512

    var name: String
    var kind: UInt8
    var bytes: UInt64
    var linkTarget: String

    /// - Returns: nil for a block of zeros, which ends the archive.
    /// - Parameter place: where the header is, for errors.
    init?(_ block: [UInt8], at place: UInt64) throws {
        precondition(block.count == TarHeader.size)
        if block.allSatisfy({ $0 == 0 }) { return nil }
        func refuse(_ reason: String) -> ServiceError { .invalidImage("it is not a sound tar archive: at byte \(place) \(reason)") }
        // The sum is of all bytes, its own eight taken as blanks.
        let sum = block.enumerated().reduce(0) { $0 + ((148..<156).contains($1.offset) ? 32 : Int($1.element)) }
        guard let promised = TarHeader.number(block[148..<156]), promised == UInt64(sum) else { throw refuse("there is no tar header") }
        guard let bytes = TarHeader.number(block[124..<136]), bytes <= UInt64(Int64.max) else { throw refuse("a size cannot be read") }
        var name = TarHeader.text(block[0..<100])
        let magic = Array(block[257..<265])
        let isPOSIX = magic.starts(with: Array("ustar\u{0}".utf8))
        if isPOSIX {
            let prefix = TarHeader.text(block[345..<500])
            if !prefix.isEmpty { name = prefix + "/" + name }
        }
        self.name = name
        self.kind = block[156]
        self.bytes = bytes
        self.linkTarget = TarHeader.text(block[157..<257])
    }

    /// Octal digits with blanks or zeros around them, or, where the first bit is set, a number to the base 256.
    private static func number(_ field: ArraySlice<UInt8>) -> UInt64? {
        guard let first = field.first else { return nil }
        if first & 0x80 != 0 {
            // 0xff begins a negative number.
            guard first == 0x80 else { return nil }
            var value: UInt64 = 0
            for byte in field.dropFirst() {
                guard value >> 56 == 0 else { return nil }
                value = value << 8 | UInt64(byte)
            }
            return value
        }
        let digits = field.drop { $0 == 32 }.prefix { $0 != 0 && $0 != 32 }
        return digits.isEmpty ? 0 : UInt64(String(decoding: digits, as: UTF8.self), radix: 8)
    }

    static func text(_ field: ArraySlice<UInt8>) -> String { String(decoding: field.prefix { $0 != 0 }, as: UTF8.self) }
}
