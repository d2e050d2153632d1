// SPDX-License-Identifier: Apache-2.0
internal import Activation
internal import FunctionLog
internal import FunctionModel
internal import NIOCore
internal import NIOHTTP1

/// Every way in which an exchange ends other than well. Each gives back place and connection, and tells the client as much as can still be told.
extension Exchange {
    /// The service refuses, before or instead of the function.
    func fail(_ error: ServiceError, retryAfter: Int? = nil) {
        CallMeter.refused(error, loop.metrics)
        // It may be that of a version which is gone.
        head.toFunction = nil
        release(.broken, error: error.code, outcome: .of(error))
        if error.code == "InitializationError", case .event = kind { return tellFunctionError(error.message, code: error.code) }
        writeError(error, retryAfter: retryAfter)
    }

    private static let ownLimit = "timeout of the function"

    /// A time limit of the call passed. That of the function itself is told to who sent an event in Function Compute's own words.
    private func timedOut(_ limit: TimeAmount, _ name: String) {
        var message = "Function timed out after \(seconds(limit).dropLast(2)) seconds"
        if case .event = kind, name == Self.ownLimit {} else { message += " (limit: \(name))" }
        release(.abandoned, error: message, outcome: .timeout)
        tellFunctionError(message, code: "FunctionTimeoutError")
    }

    /// - Returns: the limit of a forwarded call that has passed, and its name.
    private func passedLimit(_ now: NIODeadline, since start: NIODeadline, of version: ResolvedVersion) -> (TimeAmount, String)? {
        let total = TimeAmount.seconds(Int64(version.timeout))
        if now - start >= total { return (total, Self.ownLimit) }
        if let limit = loop.options.answerIdleTime, let last = lastAnswerByte, client.isWritable, now - last > limit {
            return (limit, "answer idle")
        }
        if let limit = loop.options.firstByteTime, lastAnswerByte == nil, requestEnded, now - max(start, lastBodyByte) > limit {
            return (limit, "first byte")
        }
        return nil
    }

    /// The instance broke the connection before its answer was complete.
    func crashed() {
        guard let lease else {
            release(.broken, error: nil, outcome: .hostError)
            return writeError(
                .init(status: 502, code: "BadResponse", message: "the control API ended the connection before its answer was complete"))
        }
        // The connection breaks before the launcher has told how the program ended. The place is kept until then, so that no other call is given
        // to an instance that has just died, and the caller learns the cause. A program that only broke the connection goes on: hence the limit.
        let bound = NIOLoopBound(self, eventLoop: loop.eventLoop)
        let limit = loop.eventLoop.scheduleTask(in: .seconds(1)) { bound.value.tellCrash(cause: nil) }
        lease.instance.whenExitKnown { cause in
            bound.eventLoop.execute {
                limit.cancel()
                bound.value.tellCrash(cause: cause)
            }
        }
    }

    private func tellCrash(cause: ProgramExit?) {
        guard !isOver else { return }
        let duration = "(duration: \(elapsed.nanoseconds / 1_000_000)ms)"
        let message = "Process exited unexpectedly before completing request \(duration)\(cause.map { ": \($0.words)" } ?? "")"
        release(.broken, error: message, outcome: .crashed)
        // Source of the words: the error types of Function Compute's metrics, contract §8.2.
        tellFunctionError(message, code: cause?.isOutOfMemory == true ? "FunctionOOMError" : "FunctionUnhandledError")
    }

    func tellFunctionError(_ message: String, code: String) {
        switch (kind, answer) {
        case (_, .streaming): client.closeNow()
        case (.event, _):
            answer = .none
            writeFunctionError(message, type: code == "InitializationError" ? code : "InvocationError")
            client.exchangeEnded(self, keepAlive: keepAlive)
        default: writeError(ServiceError(status: 502, code: code, message: message))
        }
    }

    func badAnswer(_ reason: String) {
        let name = version?.name ?? "control API"
        release(.broken, error: "BadResponse", outcome: .badAnswer)
        writeError(ServiceError(status: 502, code: "BadResponse", message: "the answer of '\(name)' cannot be passed on: \(reason)"))
    }

    func answerUnparsable(_ reason: String) { badAnswer("it is not HTTP/1.1 (\(reason))") }

    /// What follows the head of the request is not HTTP: whatever has been forwarded of it is void.
    func requestUnparsable(_ reason: String) {
        release(.abandoned, error: "request is not HTTP", outcome: .refused)
        writeError(.invalidArgument("the body of this request is not framed as HTTP/1.1 asks: \(reason)"))
    }

    /// Nobody is left to take the answer. Source: Function Compute contract §8.2, 499.
    func clientGone() {
        guard !isOver else { return }
        let log = lease?.instance.log
        log?.platform("Invocation canceled by client (duration: \(elapsed.nanoseconds / 1_000_000)ms)", request: id)
        release(.abandoned, error: "ClientClosedRequest", outcome: .canceled)
    }

    func tick(_ now: NIODeadline) {
        if let version, let forwardedAt, case .forwarding = phase, let (limit, name) = passedLimit(now, since: forwardedAt, of: version) {
            return timedOut(limit, name)
        }
        if let version, let forwardedAt, case .tunnel = phase, now - forwardedAt >= .seconds(Int64(version.timeout)) {
            return tunnelEnded()
        }
        guard !requestEnded, now - lastBodyByte > loop.options.bodyIdleTime else { return }
        switch phase {
        case .collecting: break
        case .forwarding(let upstream) where upstream.isWritable: break
        case .forwarding, .waiting, .connecting, .tunnel, .accepting, .running, .awaitingLog, .over: return
        }
        fail(
            ServiceError(
                status: 408, code: "RequestTimeout",
                message: "no byte of the request's body came for \(seconds(loop.options.bodyIdleTime)) (limit: body)"))
    }

    /// Gives everything back.
    private func release(_ end: Lease.End, error: String?, outcome: CallEnd) {
        let before = phase
        phase = .over
        ended(outcome)
        switch before {
        case .waiting(let ticket, let activator): activator.cancel(ticket)
        case .forwarding(let upstream): upstream.end(reusable: false)
        case .tunnel(let upstream): upstream.end(reusable: false)
        case .running(let run): run.cancel()
        case .collecting, .connecting, .accepting, .awaitingLog, .over: break
        }
        finishLease(end, error: error)
        seldom?.held.removeAll()
    }

    private func writeError(_ error: ServiceError, retryAfter: Int? = nil) {
        if case .streaming = answer { return client.closeNow() }
        keepAlive = mayKeepAlive
        let body = ErrorBody.service(error, id)
        var out = HeadWriter(HTTPResponseStatus(statusCode: error.status))
        out.add("Content-Type", "application/json")
        out.add(lines: loop.dateLine())
        out.add("X-Fc-Request-Id", id)
        if let retryAfter {
            out.add("Retry-After", String(retryAfter))
            // The documented clients look at this one, in milliseconds (Function Compute contract §3.2).
            if error.status == 429 { out.add("x-acs-retry-after", String(retryAfter * 1000)) }
        }
        out.add(contentLength: body.utf8.count)
        if !keepAlive { out.add("Connection", "close") }
        out.end()
        client.write(out.bytes)
        if !head.method.isHEAD { client.write(ByteBuffer(string: body)) }
        client.exchangeEnded(self, keepAlive: keepAlive)
    }
}
