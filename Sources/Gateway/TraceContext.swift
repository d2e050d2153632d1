// SPDX-License-Identifier: Apache-2.0

/// The W3C trace context of a call: the caller's, where it is one, else a new one. Source: W3C Trace Context §3.2 and §3.3.
enum TraceContext {
    /// Writes `traceparent` and, where the caller's goes on, its `tracestate`.
    ///
    /// - Parameter loop: whose random numbers a new one is made of.
    static func write(_ head: RequestHead, to out: inout HeadWriter, _ loop: GatewayLoop) {
        if head.facts.has(.traceparent), let given = head.headers.first(.traceparent), isValid(given) {
            return out.add(head.headers) { $0.meaning == .traceparent || $0.meaning == .tracestate }
        }
        // Marked as sampled, so that a function that traces records its part.
        out.put("traceparent: 00-")
        out.put(hexadecimal: loop.randomNumber() | 1)
        out.put(hexadecimal: loop.randomNumber())
        out.put("-")
        out.put(hexadecimal: loop.randomNumber() | 1)
        out.put("-01\r\n")
    }

    /// `00-<32 hex>-<16 hex>-<2 hex>`, neither number zero; a later version may have more behind it.
    static func isValid(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count >= 4, zip(parts, [2, 32, 16, 2]).allSatisfy({ $0.count == $1 && $0.allSatisfy(isLowerHex) }) else { return false }
        guard !parts[0].elementsEqual("ff".utf8), parts.count == 4 || !parts[0].elementsEqual("00".utf8) else { return false }
        return parts[1].contains { $0 != UInt8(ascii: "0") } && parts[2].contains { $0 != UInt8(ascii: "0") }
    }

    private static func isLowerHex(_ byte: UInt8) -> Bool { (48...57).contains(byte) || (97...102).contains(byte) }
}
