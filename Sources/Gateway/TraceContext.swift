// SPDX-License-Identifier: Apache-2.0

/// The W3C trace context of a call: the caller's, where it is one, else a new one. Source: W3C Trace Context §3.2 and §3.3.
enum TraceContext {
    /// Writes `traceparent` and, where the caller's goes on, its `tracestate`.
    static func write(_ headers: HeaderFields, to out: inout HeadWriter, random: () -> UInt64) {
        guard let given = headers.first(.traceparent), isValid(given) else {
            return out.add("traceparent", made(random))
        }
        out.add(headers) { $0.meaning == .traceparent || $0.meaning == .tracestate }
    }

    /// `00-<32 hex>-<16 hex>-<2 hex>`, neither number zero; a later version may have more behind it.
    static func isValid(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count >= 4, zip(parts, [2, 32, 16, 2]).allSatisfy({ $0.count == $1 && $0.allSatisfy(isLowerHex) }) else { return false }
        guard !parts[0].elementsEqual("ff".utf8), parts.count == 4 || !parts[0].elementsEqual("00".utf8) else { return false }
        return parts[1].contains { $0 != UInt8(ascii: "0") } && parts[2].contains { $0 != UInt8(ascii: "0") }
    }

    private static func isLowerHex(_ byte: UInt8) -> Bool { (48...57).contains(byte) || (97...102).contains(byte) }

    /// Marked as sampled, so that a function that traces records its part.
    private static func made(_ random: () -> UInt64) -> String {
        let numbers = (random(), random(), random() | 1)
        return String(unsafeUninitializedCapacity: 55) { text in
            var at = 0
            func put(_ byte: UInt8) {
                text[at] = byte
                at += 1
            }
            func put(_ number: UInt64) {
                for shift in stride(from: 60, through: 0, by: -4) {
                    let digit = UInt8(number >> UInt64(shift) & 15)
                    put(digit < 10 ? 48 + digit : 87 + digit)
                }
            }
            for byte in "00-".utf8 { put(byte) }
            put(numbers.0 | 1)
            put(numbers.1)
            put(UInt8(ascii: "-"))
            put(numbers.2)
            for byte in "-01".utf8 { put(byte) }
            return at
        }
    }
}
