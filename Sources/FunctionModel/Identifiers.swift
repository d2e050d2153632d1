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
    public let text: String

    /// - Returns: nil unless `text` is 1 to 128 visible ASCII characters, which makes it safe in a header and in a log line.
    public init?(_ text: String) {
        guard (1...128).contains(text.utf8.count), text.utf8.allSatisfy({ (33...126).contains($0) }) else { return nil }
        self.text = text
    }

    /// - Parameter seconds: Unix time, in seconds.
    public init(seconds: Int64, using random: inout some RandomNumberGenerator) {
        text = timeAndRandomHex("1", seconds: seconds, using: &random)
    }

    public var description: String { text }
}

/// Made for every call, so written straight into its text.
private func timeAndRandomHex(_ kind: Unicode.Scalar, seconds: Int64, using random: inout some RandomNumberGenerator) -> String {
    let bits: (UInt64, UInt64) = (random.next(), random.next())
    return String(unsafeUninitializedCapacity: 32) { text in
        text[0] = UInt8(ascii: kind)
        var at = 1
        func put(_ value: UInt64, digits: Int) {
            text[at] = UInt8(ascii: "-")
            for index in 0..<digits {
                let digit = UInt8(value >> UInt64(4 * (digits - 1 - index)) & 15)
                text[at + 1 + index] = digit < 10 ? 48 + digit : 87 + digit
            }
            at += digits + 1
        }
        put(UInt64(bitPattern: seconds), digits: 8)
        put(bits.0, digits: 8)
        put(bits.1, digits: 12)
        return at
    }
}
