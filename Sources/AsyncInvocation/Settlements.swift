// SPDX-License-Identifier: Apache-2.0
internal import FunctionModel
internal import InvocationQueue

/// Turns the outcome of an attempt into what the queue is told: again, or the end and who hears of it.
struct Settlements: Sendable {
    let routes: AsyncRoutes
    let options: AsyncOptions
    let random: @Sendable () -> UInt64

    static let expired = CallOutcome(
        result: .throttled(retryAfter: nil), code: "Expired", message: "the invocation is older than its age limit", status: 503)

    /// Deliveries follow a rule of their own. Source: Function Compute contract §9: from 500 ms on, for 30 minutes.
    private static let deliveries = RetryPolicy(attempts: 0, maximumAge: 30 * 60_000)

    func policy(of invocation: NewInvocation) -> RetryPolicy {
        if case .delivery = invocation.head { return Self.deliveries }
        let config = routes.config(invocation.lane, invocation.qualifier)
        return RetryPolicy(
            attempts: config.retryAttempts, maximumAge: Int64(config.maximumAge) * 1000, firstDelay: Int64(config.retryFirstDelay * 1000),
            factor: config.retryFactor, longestDelay: Int64(config.retryLongestDelay * 1000))
    }

    func settlement(of claim: ClaimedInvocation, _ outcome: CallOutcome, now: Timestamp) -> Settlement {
        let invocation = claim.invocation
        let random = Double(self.random() >> 11) / Double(1 << 53)
        let after = policy(of: invocation).after(outcome.result, claim.tries, now: now, random: random)
        var attempt = AttemptRecord(
            started: claim.started, ended: now, result: Self.word(outcome.result), error: outcome.error, instance: outcome.instance)
        switch after {
        case .retry(let time, let tries): return Settlement(attempt: attempt, outcome: .retry(at: time, tries))
        case .ended(let status):
            if status == .expired || status == .invalid { attempt.result = status.rawValue }
            var ending = Settlement.Ending(response: outcome.response)
            let (follow, destination) = follow(
                invocation, status, outcome, attempts: claim.tries.failures + claim.tries.throttles + 1, now: now)
            ending.destination = destination
            if status == .stopped || keeps(invocation) { ending.keepUntil = Timestamp(milliseconds: now.milliseconds + TaskRecord.keptFor) }
            var settlement = Settlement(attempt: attempt, outcome: .ended(status, ending), follow: follow)
            if case .delivery(_, let origin) = invocation.head {
                settlement.delivered = (origin, status == .succeeded ? "Succeeded" : "Failed: \(outcome.error)")
            }
            return settlement
        }
    }

    /// What follows an invocation that was stopped before it ran.
    func follow(stopped task: TaskRecord, now: Timestamp) -> [NewInvocation] {
        let outcome = CallOutcome(
            result: .stopped, code: "AsyncInvocationStopped", message: "the invocation was stopped before it ran", status: 412)
        return follow(task.invocation, .stopped, outcome, attempts: task.attempts.count, now: now).follow
    }

    /// A success is remembered where somebody may ask for it, or send it again under the same name.
    private func keeps(_ invocation: NewInvocation) -> Bool {
        if case .delivery = invocation.head { return false }
        return invocation.hasOwnTask || invocation.deduplication != nil || routes.config(invocation.lane, invocation.qualifier).asyncTask
    }

    private static func word(_ result: AttemptResult) -> String {
        switch result {
        case .succeeded: "Succeeded"
        case .failed, .refused: "Failed"
        case .throttled: "Throttled"
        case .gone: "Invalid"
        case .stopped: "Stopped"
        case .interrupted: "Interrupted"
        }
    }

    private func follow(
        _ invocation: NewInvocation, _ status: TaskStatus, _ outcome: CallOutcome, attempts: Int, now: Timestamp
    ) -> (follow: [NewInvocation], destination: String) {
        if case .delivery = invocation.head { return ([], "") }
        let config = routes.config(invocation.lane, invocation.qualifier)
        guard let destination = status == .succeeded ? config.onSuccess : config.onFailure else { return ([], "") }
        guard invocation.depth < options.destinationDepth else {
            return ([], "Failed: more than \(options.destinationDepth) destinations in a row, so this may be a loop")
        }
        let record = DestinationRecord(invocation, status, outcome, attempts: attempts, now: now, options.identity)
        var generator = Generator(next: random)
        let id = RequestID(seconds: now.milliseconds / 1000, using: &generator)
        switch destination {
        case .function(let name, let qualifier, _):
            var new = NewInvocation(
                lane: name, qualifier: qualifier ?? "LATEST", task: id.text, request: id, head: .event(fields: Self.trace(invocation)),
                payload: Array(record.json.text.utf8), accepted: now)
            new.depth = invocation.depth + 1
            return ([new], "Succeeded")
        case .url(let url):
            let origin = InvocationHead.Origin(lane: invocation.lane, task: invocation.task)
            var new = NewInvocation(
                lane: "destination:\(Self.host(url))", qualifier: "", task: id.text, request: id, head: .delivery(url: url, origin: origin),
                payload: Array(record.cloudEvent(now).text.utf8), accepted: now)
            new.depth = invocation.depth + 1
            return ([new], "Pending")
        }
    }

    private static func trace(_ invocation: NewInvocation) -> [InvocationHead.Field] {
        invocation.head.trace
    }

    private static func host(_ url: String) -> String {
        if url.hasPrefix("nats:") { return "nats" }
        return String(url.drop { $0 != "/" }.dropFirst(2).prefix { $0 != "/" && $0 != "?" && $0 != "#" }.split(separator: "@").last ?? "")
    }
}
