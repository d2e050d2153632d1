// SPDX-License-Identifier: Apache-2.0
internal import FunctionModel
internal import Tracing

/// A span that has ended, as it goes to a collector.
struct FinishedSpan: Sendable {
    var trace: TraceContext
    var parent: String?
    var name: String
    var kind: SpanKind
    /// Nanoseconds since 1970, UTC.
    var start: UInt64
    var end: UInt64
    var attributes: SpanAttributes
    var status: SpanStatus?
    var events: [SpanEvent]

    /// Source: OpenTelemetry protocol 1.x, JSON encoding of `Span`: ids in hexadecimal, 64-bit numbers as texts.
    var json: JSONValue {
        var members: [String: JSONValue] = [
            "traceId": .string(trace.traceID), "spanId": .string(trace.spanID), "name": .string(name), "kind": .integer(kindNumber),
            "startTimeUnixNano": .string(String(start)), "endTimeUnixNano": .string(String(end)), "attributes": Self.json(attributes),
        ]
        if let parent { members["parentSpanId"] = .string(parent) }
        if let state = trace.state { members["traceState"] = .string(state) }
        if let status {
            var value: [String: JSONValue] = ["code": .integer(status.code == .ok ? 1 : 2)]
            if let message = status.message { value["message"] = .string(message) }
            members["status"] = .object(value)
        }
        if !events.isEmpty {
            members["events"] = .array(
                events.map { event in
                    [
                        "name": .string(event.name), "timeUnixNano": .string(String(event.nanosecondsSinceEpoch)),
                        "attributes": Self.json(event.attributes),
                    ]
                })
        }
        return .object(members)
    }

    private var kindNumber: Int64 {
        switch kind {
        case .internal: 1
        case .server: 2
        case .client: 3
        case .producer: 4
        case .consumer: 5
        }
    }

    static func json(_ attributes: SpanAttributes) -> JSONValue {
        var list: [JSONValue] = []
        // They are no sequence.
        // swift-format-ignore: ReplaceForEachWithForLoop
        attributes.forEach { name, attribute in
            let value: JSONValue =
                switch attribute {
                case .bool(let flag): ["boolValue": .bool(flag)]
                case .int32(let number): ["intValue": .string(String(number))]
                case .int64(let number): ["intValue": .string(String(number))]
                case .double(let number): ["doubleValue": .number(number)]
                case .string(let text): ["stringValue": .string(text)]
                case .stringConvertible(let value): ["stringValue": .string(value.description)]
                default: ["stringValue": .string("\(attribute)")]
                }
            list.append(["key": .string(name), "value": value])
        }
        return .array(list)
    }
}
