// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
public import OCI

/// How much an image may ask of this host.
public struct ImageLimits: Hashable, Sendable {
    /// Bytes of an archive once its own gzip is taken off, and of one layer's blob as a manifest promises it.
    public var archiveBytes: UInt64 = 64 << 30
    /// How many times larger an archive may get when its own gzip is taken off, beyond the first 64 MiB.
    public var archiveRatio: UInt64 { layer[.ratio] }
    /// Members of an archive.
    public var archiveMembers = 100_000
    public var documents = DocumentLimits()
    /// Of each layer; the unpacker keeps to them.
    public var layer = UnpackLimits()

    public init() {}
}

/// The limits by name, as an operator sets them: `entries=500000`, `bytes=8GiB`.
extension ImageLimits {
    /// Name, default and what is counted.
    public static var all: [(name: String, standard: UInt64, meaning: String)] {
        let own = ImageLimits()
        return [
            ("archive", own.archiveBytes, "bytes of an archive, its own gzip taken off, and of one layer as a manifest promises it"),
            ("members", UInt64(own.archiveMembers), "members of an archive"),
            ("manifest", own.documents.manifestBytes, "bytes of a manifest or index"),
            ("config", own.documents.configBytes, "bytes of an image configuration"),
            ("layers", UInt64(own.documents.layers), "layers of an image"),
        ] + UnpackLimit.allCases.map { ($0.rawValue, $0.standard, $0.meaning) }
    }

    /// - Parameter assignment: `NAME=VALUE`; the value may end in KiB, MiB, GiB or TiB.
    /// - Throws: ``UnpackLimitError`` with a sentence for the operator.
    public mutating func set(_ assignment: String) throws(UnpackLimitError) {
        let pair = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard pair.count == 2, let value = Self.number(pair[1]) else {
            throw UnpackLimitError("'\(assignment)' is not NAME=VALUE, for example entries=500000 or bytes=8GiB")
        }
        func bounded(_ range: ClosedRange<UInt64>) throws(UnpackLimitError) -> UInt64 {
            guard range.contains(value) else {
                throw UnpackLimitError("the limit '\(pair[0])' is \(value); it must be from \(range.lowerBound) to \(range.upperBound)")
            }
            return value
        }
        switch pair[0] {
        case "archive": archiveBytes = try bounded(1...(1 << 50))
        case "members": archiveMembers = Int(try bounded(1...10_000_000))
        case "manifest": documents.manifestBytes = try bounded(1...(64 << 20))
        case "config": documents.configBytes = try bounded(1...(64 << 20))
        case "layers": documents.layers = Int(try bounded(1...127))
        case let name:
            guard let limit = UnpackLimit(rawValue: String(name)) else {
                throw UnpackLimitError("there is no limit '\(name)'; there are \(Self.all.map(\.name).joined(separator: ", "))")
            }
            try layer.set(limit, to: value)
        }
    }

    private static func number(_ text: Substring) -> UInt64? {
        for (unit, shift) in [("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40)] as [(String, UInt64)] where text.hasSuffix(unit) {
            guard let value = UInt64(text.dropLast(3)), value <= UInt64.max >> shift else { return nil }
            return value << shift
        }
        return UInt64(text)
    }
}
