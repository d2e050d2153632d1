// SPDX-License-Identifier: Apache-2.0
internal import Activation
internal import DequeModule
internal import FunctionModel
internal import NIOCore

/// Events for images without a server: a program is started for each, and its end is the answer.
extension Exchange {
    /// The whole event is here.
    func runProgram(_ version: ResolvedVersion) {
        var bytes = ByteBuffer()
        while let piece = seldom?.held.popFirst() { bytes.writeImmutableBuffer(piece) }
        guard bytes.readableBytes <= EventRun.eventBytes else { return fail(.entityTooLarge(limit: EventRun.eventBytes)) }
        guard let event = String(validating: bytes.readableBytesView, as: UTF8.self), !event.utf8.contains(0) else {
            return fail(
                .invalidArgument("the event of a function without a server goes into its environment: it must be UTF-8 without NUL"))
        }
        forwardedAt = loop.clock.now()
        let bound = NIOLoopBound(self, eventLoop: loop.eventLoop)
        let run = version.activator.run(event, request: id, trace: traceID, on: loop.eventLoop) { outcome in
            bound.eventLoop.execute { bound.value.ran(outcome) }
        }
        if let run { phase = .running(run) }
    }

    private func ran(_ outcome: EventRun.Outcome) {
        guard !isOver else { return }
        phase = .over
        switch outcome.result {
        case .completed(let output):
            let asksForLog = if case .event(_, withLog: true) = kind { true } else { false }
            writeHeld(nil, ByteBuffer(string: output), log: asksForLog ? outcome.log : nil)
            ended(.success)
            client.exchangeEnded(self, keepAlive: keepAlive)
        case .failed(let message, let timedOut):
            ended(timedOut ? .timeout : .crashed)
            tellFunctionError(message, code: "FunctionUnhandledError")
        case .refused(let refusal): fail(refusal.error, retryAfter: refusal.retryAfter)
        }
    }
}
