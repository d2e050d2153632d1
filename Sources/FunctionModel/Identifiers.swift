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
        text = "c-" + timeAndRandomHex(seconds: seconds, using: &random)
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
        text = "1-" + timeAndRandomHex(seconds: seconds, using: &random)
    }

    public var description: String { text }
}

private func timeAndRandomHex(seconds: Int64, using random: inout some RandomNumberGenerator) -> String {
    func hex(_ value: UInt64, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text.suffix(digits)
    }
    let bits: (UInt64, UInt64) = (random.next(), random.next())
    return "\(hex(UInt64(bitPattern: seconds), digits: 8))-\(hex(bits.0, digits: 8))-\(hex(bits.1, digits: 12))"
}
