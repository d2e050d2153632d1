// SPDX-License-Identifier: Apache-2.0
internal import Activation
internal import FunctionModel
internal import InvocationQueue
internal import NIOCore
internal import Tracing

/// What is said of an attempt: to the meter, and to the trace. They are the same numbers and spans that synchronous calls have.
extension FunctionCall {
    /// A span of its own for each attempt, below the one by which the invocation was accepted; it begins with the wait.
    static func spans(_ claim: ClaimedInvocation, _ arrived: NIODeadline, _ clock: HostClock, _ tracer: any Tracer) -> CallSpans {
        let fields = Dictionary(claim.invocation.head.trace.map { ($0.name.lowercased(), $0.value) }) { first, _ in first }
        let now = clock.unixMilliseconds()
        let waited = max(0, now - (claim.lastTried ?? claim.tries.since).milliseconds)
        let spans = CallSpans(
            kind: .consumer, below: fields, arrived: arrived, waitingSince: arrived - .milliseconds(waited), now: arrived,
            unixMilliseconds: now,
            tracer: tracer)
        spans.note("swiftlet.task", claim.invocation.task)
        return spans
    }

    /// Of the trace that it is part of.
    var traceID: String? {
        let parent = spans?.fields.first?.1 ?? claim.invocation.head.trace.first { $0.name.lowercased() == "traceparent" }?.value
        guard let parent, parent.utf8.count >= 55 else { return nil }
        return String(parent.dropFirst(3).prefix(32))
    }

    func started(_ record: ColdStart) {
        coldStart = record
        service.record(record, of: version.key.function)
        meter.started(record)
    }

    func account(_ outcome: CallOutcome, _ instance: InstanceID?) {
        let now = clock.now()
        meter.ended(.async, outcome.end, took: now - arrived, waited: waited ? (calledAt ?? now) - arrived : nil)
        spans?.end(
            CallSpans.Facts(
                version.key, request: claim.invocation.request, instance: instance, outcome: outcome.end, arrived: arrived,
                forwarded: calledAt,
                ended: now, waited: waited, coldStart: coldStart), kind: .async,
            attempt: claim.tries.failures + claim.tries.throttles + 1)
    }

    private var meter: CallMeter { CallMeter(version.key, service.metrics) }
}
