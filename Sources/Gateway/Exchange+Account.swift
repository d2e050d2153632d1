// SPDX-License-Identifier: Apache-2.0
internal import Activation
internal import FunctionModel
internal import Logging
internal import NIOCore

/// What is said of a call when it is over: to the meter, to the trace, and in the host's log.
extension Exchange {
    /// The call is over: it is counted, once. What never came to a function is not a call.
    func ended(_ outcome: CallEnd) {
        guard !isCounted, let version else { return }
        isCounted = true
        let now = loop.now
        let kind = if case .event = kind { CallMeter.Kind.event } else { CallMeter.Kind.http }
        version.meter.ended(kind, outcome, took: now - arrived, waited: waited ? (forwardedAt ?? now) - arrived : nil)
        if let spans {
            spans.end(
                CallSpans.Facts(
                    version.version.key, request: id, instance: servedBy?.id, outcome: outcome, arrived: arrived, forwarded: forwardedAt,
                    ended: now, waited: waited, coldStart: coldStart), kind: kind)
        }
        if loop.tellsCalls { tell(kind, outcome, version, took: now - arrived) }
    }

    /// One line of the host's log for a call.
    private func tell(_ kind: CallMeter.Kind, _ outcome: CallEnd, _ version: ResolvedVersion, took: TimeAmount) {
        var fields: Logger.Metadata = [
            "function": "\(version.name)", "version": "\(version.version.key.version)", "requestId": "\(id)", "kind": "\(kind.rawValue)",
            "outcome": "\(outcome.rawValue)", "durationMs": "\(Self.milliseconds(took))", "cold": "\(coldStart != nil)",
        ]
        if let instance = servedBy { fields["instance"] = "\(instance.id)" }
        if let traceID { fields["traceId"] = "\(traceID)" }
        loop.logger.info("a call has ended", metadata: fields)
    }

    /// Of the trace that somebody records: the host, or the caller. Source of its place: W3C Trace Context, section 3.2.2.
    var traceID: String? {
        guard spans != nil || head.facts.has(.traceparent) else { return nil }
        guard let parent = spans?.fields.first?.1 ?? head.headers.first(.traceparent), TraceContext.isValid(parent) else { return nil }
        return String(parent.dropFirst(3).prefix(32))
    }
}
