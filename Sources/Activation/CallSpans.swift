// SPDX-License-Identifier: Apache-2.0
package import FunctionModel
package import NIOCore
package import Tracing

/// The spans of one call: one for the whole of it, as part of the caller's trace, and below it those of its parts, made at the end of what was noted.
///
/// An object, since a call that is part of no trace should not have to make room for one.
package final class CallSpans {
    private let tracer: any Tracer
    private let whole: any Span
    /// Nanoseconds from the clock that never jumps to the one of the world.
    private let offset: Int64
    private let waitingSince: NIODeadline?
    /// The header fields by which the function becomes part of the trace.
    package let fields: [(String, String)]

    /// - Parameters:
    ///   - fields: `traceparent` and `tracestate` of the caller, where they are known.
    ///   - arrived: when the host began to work on it.
    ///   - waitingSince: of an asynchronous call, when it was accepted, or its last attempt ended.
    ///   - unixMilliseconds: wall clock at `now`.
    package init(
        kind: SpanKind, below fields: [String: String], arrived: NIODeadline, waitingSince: NIODeadline? = nil, now: NIODeadline,
        unixMilliseconds: Int64, tracer: any Tracer
    ) {
        self.tracer = tracer
        self.waitingSince = waitingSince
        offset = unixMilliseconds * 1_000_000 - Int64(now.uptimeNanoseconds)
        var context = InstrumentationContext.topLevel
        tracer.extract(fields, into: &context, using: FieldExtractor())
        whole = tracer.startSpan("call", context: context, ofKind: kind, at: Self.moment(waitingSince ?? arrived, offset))
        var own: [(String, String)] = []
        tracer.inject(whole.context, into: &own, using: FieldInjector())
        self.fields = own
    }

    package func note(_ attribute: String, _ value: String) { whole.attributes[attribute] = value }

    /// Everything that is known about a call when it is over.
    package struct Facts {
        var name: String
        var version: String
        var request: RequestID
        var instance: InstanceID?
        var outcome: CallEnd
        var arrived: NIODeadline
        var forwarded: NIODeadline?
        var ended: NIODeadline
        var waited: Bool
        var coldStart: ColdStart?

        /// - Parameters:
        ///   - forwarded: when it got its connection to an instance; nil where it never did.
        ///   - waited: whether no instance was free.
        package init(
            _ version: RunnableVersion.Key, request: RequestID, instance: InstanceID?, outcome: CallEnd, arrived: NIODeadline,
            forwarded: NIODeadline?, ended: NIODeadline, waited: Bool, coldStart: ColdStart?
        ) {
            (name, self.version) = (version.function, version.version)
            self.request = request
            self.instance = instance
            self.outcome = outcome
            self.arrived = arrived
            self.forwarded = forwarded
            self.ended = ended
            self.waited = waited
            self.coldStart = coldStart
        }
    }

    /// A call that was put into the queue, or was not.
    package func end(enqueued name: String, at time: NIODeadline, error: String? = nil) {
        whole.operationName = "enqueue \(name)"
        whole.attributes["faas.name"] = name
        if let error { whole.setStatus(SpanStatus(code: .error, message: error)) }
        whole.end(at: Self.moment(time, offset))
    }

    /// - Parameter attempt: of an asynchronous call, from 1 on.
    package func end(_ facts: Facts, kind: CallMeter.Kind, attempt: Int = 1) {
        whole.operationName = "\(kind.rawValue) \(facts.name)"
        if let waitingSince {
            whole.attributes["swiftlet.attempt"] = attempt
            part(attempt == 1 ? "queue" : "retry", waitingSince, facts.arrived, below: whole)
        }
        whole.attributes["faas.name"] = facts.name
        whole.attributes["faas.version"] = facts.version
        whole.attributes["faas.invocation_id"] = facts.request.text
        whole.attributes["faas.coldstart"] = facts.coldStart != nil
        whole.attributes["swiftlet.outcome"] = facts.outcome.rawValue
        if let instance = facts.instance { whole.attributes["faas.instance"] = instance.text }
        if facts.outcome != .success { whole.setStatus(SpanStatus(code: .error, message: facts.outcome.rawValue)) }
        if let cold = facts.coldStart {
            let asked = facts.arrived + cold[.route]
            part("route", facts.arrived, asked, below: whole)
            let admission = part("admission", asked, facts.arrived + (cold.total - cold[.firstByte]), below: whole)
            var start = asked
            for (phase, time) in cold.phases where phase != .route && phase != .firstByte {
                if time > .zero || phase == .launch { part(phase.rawValue, start, start + time, below: admission) }
                start = start + time
            }
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
