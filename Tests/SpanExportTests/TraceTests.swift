// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Logging
import SpanExport
import Synchronization
import Testing
import Tracing

@Suite struct TraceTests {
    @Test("a traceparent is read as W3C asks, and written the same") func readsTraceparent() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        #expect(TraceContext(traceparent: text)?.traceparent == text)
        #expect(TraceContext(traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00")?.isSampled == false)
        // A newer version may have more fields.
        #expect(TraceContext(traceparent: "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more")?.traceparent == text)
        for wrong in [
            "", "00", text + "-more", "ff" + text.dropFirst(2), text.uppercased(),
            "00-" + String(repeating: "0", count: 32) + "-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", "00-4bf92f35-00f067aa0ba902b7-01", text.dropLast() + "x",
            text.dropLast(2) + "+1",
        ] {
            #expect(TraceContext(traceparent: String(wrong)) == nil, "\(wrong)")
        }
    }

    @Test("spans of a recorded trace reach the collector with their parents, and others do not") func spansReachTheCollector() async throws
    {
        let bodies = Mutex<[JSONValue]>([])
        let exporter = SpanExporter(attributes: ["service.name": "test"], logger: Logger(label: "test")) { body in
            let value = try JSONValue(parsing: body)
            bodies.withLock { $0.append(value) }
            return 200
        }
        let counter = Atomic<UInt64>(1)
        let tracer = OTLPTracer(exporter: exporter, share: 1) { counter.add(1, ordering: .relaxed).newValue }
        func moment(_ nanoseconds: UInt64) -> DefaultTracerClock.Timestamp { .init(nanosecondsSinceEpoch: nanoseconds) }
        var context = InstrumentationContext.topLevel
        context.trace = TraceContext(traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", state: "a=b")
        let server = tracer.startSpan("call", context: context, ofKind: .server, at: moment(1000))
        let child = tracer.startSpan("launch", context: server.context, ofKind: .internal, at: moment(1100))
        child.attributes["n"] = 7
        child.end(at: moment(1200))
        server.setStatus(SpanStatus(code: .error, message: "timeout"))
        server.end(at: moment(2000))
        server.end(at: moment(3000))
        context.trace = TraceContext(traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00")
        tracer.startSpan("unrecorded", context: context, ofKind: .server, at: moment(1)).end(at: moment(2))

        let running = Task { await exporter.run(interval: .seconds(3600)) }
        running.cancel()
        await running.value
        let spans = bodies.withLock { $0 }.flatMap { body in
            body.object?["resourceSpans"]?.array?.first?.object?["scopeSpans"]?.array?.first?.object?["spans"]?.array ?? []
        }.compactMap(\.object)
        #expect(spans.compactMap { $0["name"]?.string } == ["launch", "call"])
        #expect(Set(spans.compactMap { $0["traceId"]?.string }) == ["4bf92f3577b34da6a3ce929d0e0e4736"])
        #expect(spans[1]["parentSpanId"]?.string == "00f067aa0ba902b7" && spans[1]["traceState"]?.string == "a=b")
        #expect(spans[0]["parentSpanId"] == spans[1]["spanId"])
        #expect(spans[0]["startTimeUnixNano"]?.string == "1100" && spans[1]["endTimeUnixNano"]?.string == "2000")
        #expect(spans[1]["status"] == ["code": 2, "message": "timeout"])
        #expect(spans[0]["attributes"]?.array?.first?.object?["value"] == ["intValue": "7"])
    }
}
