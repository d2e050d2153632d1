// SPDX-License-Identifier: Apache-2.0
internal import Activation
internal import FunctionModel
internal import NIOCore
internal import NIOHTTP1
internal import Tracing

/// The spans of one call: one for the whole of it, as part of the caller's trace, and below it those of its parts, made at the end of what was noted.
struct CallSpans {
    private let tracer: any Tracer
    private let whole: any Span
    /// Nanoseconds from the clock that never jumps to the one of the world.
    private let offset: Int64

    /// - Parameter unixMilliseconds: wall clock at `now`.
    init(_ head: RequestHead, arrived: NIODeadline, now: NIODeadline, unixMilliseconds: Int64, tracer: any Tracer) {
        self.tracer = tracer
        offset = unixMilliseconds * 1_000_000 - Int64(now.uptimeNanoseconds)
        var context = InstrumentationContext.topLevel
        var fields: [String: String] = [:]
        for (name, meaning) in [("traceparent", HeaderName.traceparent), ("tracestate", .tracestate)] {
            fields[name] = head.headers.first(meaning)
        }
        tracer.extract(fields, into: &context, using: FieldExtractor())
        whole = tracer.startSpan("call", context: context, ofKind: .server, at: Self.moment(arrived, offset))
        whole.attributes["http.request.method"] = head.method.rawValue
    }

    /// The header fields by which the function becomes part of the trace.
    var fields: [(String, String)] {
        var fields: [(String, String)] = []
        tracer.inject(whole.context, into: &fields, using: FieldInjector())
        return fields
    }

    /// Everything that is known about a call when it is over.
    struct Facts {
        var name: String
        var version: String
        var request: RequestID
        var instance: InstanceID?
        var outcome: CallOutcome
        var arrived: NIODeadline
        /// When it got its connection to an instance; nil where it never did.
        var forwarded: NIODeadline?
        var ended: NIODeadline
        var waited: Bool
        var coldStart: ColdStart?
    }

    func end(_ facts: Facts, kind: CallMeter.Kind) {
        whole.operationName = "\(kind.rawValue) \(facts.name)"
        whole.attributes["faas.name"] = facts.name
        whole.attributes["faas.version"] = facts.version
        whole.attributes["faas.invocation_id"] = facts.request.text
        whole.attributes["faas.coldstart"] = facts.coldStart != nil
        whole.attributes["swiftlet.outcome"] = facts.outcome.rawValue
        if let instance = facts.instance { whole.attributes["faas.instance"] = instance.text }
        if facts.outcome != .success { whole.setStatus(SpanStatus(code: .error, message: facts.outcome.rawValue)) }
        if let cold = facts.coldStart {
            let asked = facts.arrived + cold.route
            let ready = asked + cold.launch + cold.listen + cold.healthz
            part("route", facts.arrived, asked, below: whole)
            let admission = part("admission", asked, ready, below: whole)
            part("launch", asked, asked + cold.launch, below: admission)
            part("listen", asked + cold.launch, asked + cold.launch + cold.listen, below: admission)
            if cold.healthz > .zero { part("healthz", ready - cold.healthz, ready, below: admission) }
        } else if facts.waited {
            part("admission", facts.arrived, facts.forwarded ?? facts.ended, below: whole)
        } else if let forwarded = facts.forwarded {
            part("route", facts.arrived, forwarded, below: whole)
        }
        if let forwarded = facts.forwarded { part("proxy", forwarded, facts.ended, below: whole, kind: .client) }
        whole.end(at: Self.moment(facts.ended, offset))
    }

    @discardableResult
    private func part(
        _ name: String, _ start: NIODeadline, _ end: NIODeadline, below parent: any Span, kind: SpanKind = .internal
    ) -> any Span {
        let span = tracer.startSpan(name, context: parent.context, ofKind: kind, at: Self.moment(start, offset))
        span.end(at: Self.moment(end, offset))
        return span
    }

    private static func moment(_ time: NIODeadline, _ offset: Int64) -> DefaultTracerClock.Timestamp {
        DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: UInt64(max(0, Int64(time.uptimeNanoseconds) + offset)))
    }
}

private struct FieldExtractor: Extractor {
    func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
}

private struct FieldInjector: Injector {
    func inject(_ value: String, forKey key: String, into carrier: inout [(String, String)]) { carrier.append((key, value)) }
}
