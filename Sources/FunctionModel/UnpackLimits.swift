// SPDX-License-Identifier: Apache-2.0

/// What one layer may ask for, each with a default and with bounds that no setting and no message of the wire passes.
///
/// Each is enforced while the layer streams, before what would break it is made.
public enum UnpackLimit: String, Hashable, Sendable, CaseIterable {
    case entries, bytes, ratio, path, depth, links, sparse, attributes, window, seconds

    /// Below this many bytes of plain tar no ratio counts, since a few small files full of zeros are no attack.
    public static let ratioFloor: UInt64 = 64 << 20

    public var standard: UInt64 {
        switch self {
        case .entries: 500_000  // A Node or Python application has 10 to 200 thousand.
        case .bytes: 32 << 30
        case .ratio: 200  // Text is at 3 to 10, zeros at 1000.
        case .path: 4095  // PATH_MAX of Linux without its final zero.
        case .depth: 256
        case .links: 10_000  // A busybox has 400; ext4 itself allows 65,000.
        case .sparse: 8 << 30
        case .attributes: 65536  // XATTR_SIZE_MAX of Linux for a single one.
        case .window: 32 << 20  // Keeps the memory of a load below 64 MiB; every common tool stays at 8 MiB.
        case .seconds: 3600
        }
    }

    public var range: ClosedRange<UInt64> {
        switch self {
        case .entries: 1...100_000_000
        case .bytes: 1...(1 << 50)
        case .ratio: 1...1_000_000
        case .path: 1...4095
        case .depth: 1...2000
        case .links: 1...65_000
        case .sparse: 0...(1 << 50)
        case .attributes: 0...(1 << 20)
        case .window: 1024...(128 << 20)
        case .seconds: 1...604_800
        }
    }

    /// For people: what is counted.
    public var meaning: String {
        switch self {
        case .entries: "entries of a layer, whiteouts included"
        case .bytes: "bytes of a layer's tar, and of its files by the size that they show"
        case .ratio: "how many times larger a layer may get when its compression comes off, past 64 MiB"
        case .path: "bytes of a path"
        case .depth: "folders above a file"
        case .links: "names of one file"
        case .sparse: "bytes of a layer's holes, which files show and do not have"
        case .attributes: "bytes of all extended attributes of one file"
        case .window: "bytes that a zstd layer makes its reader keep"
        case .seconds: "seconds that a layer may take"
        }
    }
}

/// A value for each ``UnpackLimit``.
public struct UnpackLimits: Hashable, Sendable {
    private var values: [UnpackLimit: UInt64] = [:]

    public init() {}

    public subscript(limit: UnpackLimit) -> UInt64 { values[limit] ?? limit.standard }

    /// - Throws: ``UnpackLimitError`` for a value beyond the limit's bounds.
    public mutating func set(_ limit: UnpackLimit, to value: UInt64) throws(UnpackLimitError) {
        guard limit.range.contains(value) else {
            throw UnpackLimitError(
                "the limit '\(limit.rawValue)' is \(value); it must be from \(limit.range.lowerBound) to \(limit.range.upperBound)")
        }
        values[limit] = value == limit.standard ? nil : value  // So that equal limits are equal.
    }
}

/// The form in which limits go to a program as one argument: `entries=2000000,bytes=34359738368`; what is not named has its default.
extension UnpackLimits: CustomStringConvertible {
    public var description: String { UnpackLimit.allCases.map { "\($0.rawValue)=\(self[$0])" }.joined(separator: ",") }

    /// - Throws: ``UnpackLimitError`` for an unknown name, what is no number, and a value beyond its bounds.
    public init(_ text: String) throws(UnpackLimitError) {
        for part in text.split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, let limit = UnpackLimit(rawValue: String(pair[0])), let value = UInt64(pair[1]) else {
                throw UnpackLimitError("'\(part)' is no limit of a layer")
            }
            try set(limit, to: value)
        }
    }
}

/// Why a limit cannot have a value.
public struct UnpackLimitError: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String
    public init(_ description: String) { self.description = description }
}
