// SPDX-License-Identifier: Apache-2.0

/// The part of the calls that goes to an alias's additional version, in millionths.
public struct TrafficShare: Hashable, Sendable {
    private static let whole: UInt64 = 1_000_000
    private let millionths: UInt64

    /// - Returns: nil for what is not a number from 0 to 1.
    public init?(fraction: Double) {
        guard fraction >= 0, fraction <= 1 else { return nil }
        millionths = UInt64((fraction * Double(Self.whole)).rounded())
    }

    public var fraction: Double { Double(millionths) / Double(Self.whole) }

    /// Whether the call with this number, of calls numbered one after the other, goes to the additional version.
    ///
    /// The calls are spread evenly instead of at random: among any n calls in a row the additional version gets n × share, rounded up or down, so
    /// that a share of 1 % does not need a thousand calls to show. A call is taken where the running total n × share passes a whole number.
    public func takes(call number: UInt64) -> Bool {
        let place = number % Self.whole
        return (place + 1) * millionths / Self.whole > place * millionths / Self.whole
    }

    /// Whether this caller belongs to the additional version: always the same for the same share, and with a growing share only towards it.
    ///
    /// - Parameter alias: so that one caller is not on the additional side of every alias.
    public func takes(caller: String, of alias: String) -> Bool {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in alias.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        for byte in caller.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        // FNV-1a leaves like inputs near each other in the high bits; this spreads them (the finalizer of MurmurHash3).
        hash = (hash ^ (hash >> 33)) &* 0xff51_afd7_ed55_8ccd
        hash = (hash ^ (hash >> 33)) &* 0xc4ce_b9fe_1a85_ec53
        return (hash ^ (hash >> 33)) % Self.whole < millionths
    }
}

/// Where a caller says who it is: `header:NAME` or `cookie:NAME`.
public enum StickyKey: Hashable, Sendable {
    case header(String)
    case cookie(String)

    /// - Throws: ``ServiceError`` 400 `InvalidArgument`.
    public init(text: String) throws(ServiceError) {
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        let isToken = parts.count == 2 && parts[1].utf8.count <= 128 && parts[1].utf8.allSatisfy(Self.isTokenByte)
        switch (parts.first, isToken) {
        case ("header", true): self = .header(parts[1])
        case ("cookie", true): self = .cookie(parts[1])
        default: throw .invalid("sticky", .string(text), "it must be header:NAME or cookie:NAME, for example \"header:x-user\"")
        }
    }

    public var text: String {
        switch self {
        case .header(let name): "header:\(name)"
        case .cookie(let name): "cookie:\(name)"
        }
    }

    /// Source: RFC 9110 §5.6.2.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
