// SPDX-License-Identifier: Apache-2.0

/// Bounds of the wire between daemon and launcher. Every length and count in a message is held to one of these before anything is made of it.
public enum WireBounds {
    /// Bytes of one message, which the send buffer of a Unix socket must hold whole: the launcher sets that of both ends.
    public static let message = 180_000
    /// Bytes of one string; also the kernel's own bound on one argument or variable (MAX_ARG_STRLEN).
    public static let string = 131_071
    /// Bytes of all arguments and variables together.
    public static let argumentsAndEnvironment = 131_072
    public static let arguments = 4096
    public static let environment = 4096
    /// The image's own (127, as Docker) and five of the function.
    public static let layers = 127 + 5
    public static let path = 4096
    public static let user = 256
    /// A function's name (128), a version and a count of updates.
    public static let owner = 256
    public static let hostname = 64
    /// Sockets in one answer; the kernel passes 253 descriptors at most in one message.
    public static let sockets = 64
    /// Digests in one message of a list.
    public static let digestsInMessage = 1024
    /// Bytes of a sentence about a failure.
    public static let sentence = 4096
}

/// Why a message was refused. The sender is then taken for broken or taken over, and nothing of the message is used.
public struct WireError: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String
    public init(_ description: String) { self.description = description }
}

/// Appends values in little-endian order, lengths first.
struct WireWriter {
    private(set) var bytes: [UInt8] = []

    mutating func integer<Value: FixedWidthInteger>(_ value: Value) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func string(_ value: String) {
        let utf8 = value.utf8
        integer(UInt32(utf8.count))
        bytes.append(contentsOf: utf8)
    }

    mutating func strings(_ values: [String]) {
        integer(UInt32(values.count))
        for value in values { string(value) }
    }
}

/// Takes values from bytes that may be hostile: every read is checked, and no read traps.
struct WireReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type = Value.self) throws(WireError) -> Value {
        let size = MemoryLayout<Value>.size
        guard rest.count >= size else { throw WireError("the message ends inside a number") }
        var value = Value.zero
        for (index, byte) in rest.prefix(size).enumerated() { value |= Value(truncatingIfNeeded: byte) << (8 * index) }
        rest = rest.dropFirst(size)
        return value
    }

    /// A count of at most `bound`.
    mutating func count(_ what: String, bound: Int) throws(WireError) -> Int {
        let count = try integer(UInt32.self)
        guard count <= bound else { throw WireError("\(count) \(what), the limit is \(bound)") }
        return Int(count)
    }

    /// UTF-8 without a zero byte, since it becomes a C string on the privileged side.
    mutating func string(_ what: String, bound: Int) throws(WireError) -> String {
        let length = try count("bytes of \(what)", bound: bound)
        guard rest.count >= length else { throw WireError("the message ends inside \(what)") }
        let part = rest.prefix(length)
        rest = rest.dropFirst(length)
        guard !part.contains(0), let text = String(validating: part, as: UTF8.self) else {
            throw WireError("\(what) is not UTF-8 without zero bytes")
        }
        return text
    }

    mutating func strings(_ what: String, bound: Int) throws(WireError) -> [String] {
        let count = try count(what, bound: bound)
        var strings: [String] = []
        for _ in 0..<count { strings.append(try string(what, bound: WireBounds.string)) }
        return strings
    }

    func end() throws(WireError) {
        guard rest.isEmpty else { throw WireError("\(rest.count) bytes behind the end of the message") }
    }
}
