// SPDX-License-Identifier: Apache-2.0
public import Tracing

/// Which trace a request belongs to, and which span of it is at work. Source: W3C Trace Context, section 3.2.
public struct TraceContext: Hashable, Sendable {
    /// 32 lower-case hexadecimal digits, not all 0.
    public var traceID: String
    /// 16 lower-case hexadecimal digits, not all 0.
    public var spanID: String
    /// Whether somebody records it.
    public var isSampled: Bool
    /// `tracestate`, handed on as it came.
    public var state: String?

    init(traceID: String, spanID: String, isSampled: Bool, state: String? = nil) {
        self.traceID = traceID
        self.spanID = spanID
        self.isSampled = isSampled
        self.state = state
    }

    /// - Parameter traceparent: `00-<trace>-<parent>-<flags>`; of a newer version its first four fields are read.
    /// - Returns: nil for what is none: then a new trace begins.
    public init?(traceparent: String, state: String? = nil) {
        let fields = traceparent.split(separator: "-", omittingEmptySubsequences: false)
        guard fields.count >= 4, fields[0].count == 2, fields[0] != "ff", fields[0] != "00" || fields.count == 4,
            fields[0].utf8.allSatisfy(Self.isHex), fields[1].count == 32, fields[1].utf8.allSatisfy(Self.isHex),
            fields[1].contains(where: { $0 != "0" }),
            fields[2].count == 16, fields[2].utf8.allSatisfy(Self.isHex), fields[2].contains(where: { $0 != "0" }), fields[3].count == 2,
            fields[3].utf8.allSatisfy(Self.isHex), let flags = UInt8(fields[3], radix: 16)
        else { return nil }
        self.init(traceID: String(fields[1]), spanID: String(fields[2]), isSampled: flags & 1 == 1, state: state)
    }

    public var traceparent: String { "00-\(traceID)-\(spanID)-\(isSampled ? "01" : "00")" }

    private static func isHex(_ byte: UInt8) -> Bool { (48...57).contains(byte) || (97...102).contains(byte) }
}

private enum TraceContextKey: InstrumentationContextKey {
    typealias Value = TraceContext
    static let nameOverride: String? = "trace-context"
}

extension InstrumentationContext {
    public var trace: TraceContext? {
        get { self[TraceContextKey.self] }
        set { self[TraceContextKey.self] = newValue }
    }
}
