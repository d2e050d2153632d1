// SPDX-License-Identifier: Apache-2.0
internal import Synchronization
public import Tracing

/// A tracer of swift-distributed-tracing whose spans go to an OpenTelemetry collector.
public struct OTLPTracer: Tracer {
    public typealias Span = OTLPSpan

    private let exporter: SpanExporter
    private let random: @Sendable () -> UInt64
    /// Of traces that begin here, the part that is recorded, as a bound on 64 random bits.
    private let sampledBelow: UInt64

    /// - Parameters:
    ///   - share: 0 to 1. Whether a trace that began elsewhere is recorded was decided there.
    ///   - random: for ids.
    public init(exporter: SpanExporter, share: Double = 1, random: @escaping @Sendable () -> UInt64) {
        self.exporter = exporter
        self.random = random
        sampledBelow = share >= 1 ? .max : UInt64(max(0, share) * Double(UInt64.max))
    }

    public func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> InstrumentationContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant,
        function: String, file fileID: String, line: UInt
    ) -> OTLPSpan {
        var context = context()
        let parent = context.trace
        context.trace = TraceContext(
            traceID: parent?.traceID ?? hex() + hex(), spanID: hex(), isSampled: parent?.isSampled ?? (random() <= sampledBelow),
            state: parent?.state)
        return OTLPSpan(
            operationName, context: context, parent: parent?.spanID, kind: kind, start: instant().nanosecondsSinceEpoch, exporter: exporter)
    }

    public func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout InstrumentationContext, using extractor: Extract
    )
    where Extract.Carrier == Carrier {
        guard let parent = extractor.extract(key: "traceparent", from: carrier) else { return }
        context.trace = TraceContext(traceparent: parent, state: extractor.extract(key: "tracestate", from: carrier))
    }

    public func inject<Carrier, Inject: Injector>(_ context: InstrumentationContext, into carrier: inout Carrier, using injector: Inject)
    where Inject.Carrier == Carrier {
        guard let trace = context.trace else { return }
        injector.inject(trace.traceparent, forKey: "traceparent", into: &carrier)
        if let state = trace.state { injector.inject(state, forKey: "tracestate", into: &carrier) }
    }

    public func forceFlush() { exporter.wake() }

    /// 16 digits, not all 0.
    private func hex() -> String {
        let digits = String(max(1, random()), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// One span. It is exported when it ends, where its trace is recorded.
public final class OTLPSpan: Span {
    struct Content {
        var name: String
        var attributes: SpanAttributes = [:]
        var status: SpanStatus?
        var events: [SpanEvent] = []
        var hasEnded = false
    }

    public let context: InstrumentationContext
    private let parent: String?
    private let kind: SpanKind
    private let start: UInt64
    private let exporter: SpanExporter
    private let content: Mutex<Content>

    init(_ name: String, context: InstrumentationContext, parent: String?, kind: SpanKind, start: UInt64, exporter: SpanExporter) {
        self.context = context
        self.parent = parent
        self.kind = kind
        self.start = start
        self.exporter = exporter
        content = Mutex(Content(name: name))
    }

    public var operationName: String {
        get { content.withLock { $0.name } }
        set { content.withLock { $0.name = newValue } }
    }

    public var attributes: SpanAttributes {
        get { content.withLock { $0.attributes } }
        set { content.withLock { $0.attributes = newValue } }
    }

    public var isRecording: Bool { context.trace?.isSampled ?? false }

    public func setStatus(_ status: SpanStatus) { content.withLock { $0.status = status } }

    public func addEvent(_ event: SpanEvent) { content.withLock { $0.events.append(event) } }

    public func recordError<Instant: TracerInstant>(_ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant)
    {
        var attributes = attributes
        attributes["exception.message"] = "\(error)"
        addEvent(SpanEvent(name: "exception", at: instant(), attributes: attributes))
    }

    /// Spans here have a parent only.
    public func addLink(_ link: SpanLink) {}

    public func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        let end = instant().nanosecondsSinceEpoch
        let ended: Content? = content.withLock { content in
            guard !content.hasEnded else { return nil }
            content.hasEnded = true
            return content
        }
        guard let ended, let trace = context.trace, trace.isSampled else { return }
        exporter.add(
            FinishedSpan(
                trace: trace, parent: parent, name: ended.name, kind: kind, start: start, end: max(start, end),
                attributes: ended.attributes,
                status: ended.status, events: ended.events))
    }
}
