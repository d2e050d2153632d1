// SPDX-License-Identifier: Apache-2.0
internal import Activation
internal import FunctionModel
internal import InvocationQueue

/// What one attempt came to.
struct CallOutcome: Sendable {
    var result: AttemptResult
    /// Of the service's errors: `InvocationError`, `ResourceExhausted` …; empty on success.
    var code = ""
    var message = ""
    /// As a synchronous caller of the function would have got it: 200 also for errors of the function.
    var status = 200
    /// At most ``TaskRecord/responseBytes``.
    var response: [UInt8] = []
    var instance = ""
    /// How the metrics name it, where the result alone does not say.
    var measured: CallEnd?

    /// Code and sentence.
    var error: String { code.isEmpty ? "" : "\(code): \(message)" }

    static func functionError(_ message: String, _ measured: CallEnd) -> CallOutcome {
        var outcome = CallOutcome(
            result: .failed(retryAfter: nil), code: "InvocationError", message: message,
            response: Array(JSONValue.object(["errorMessage": .string(message)]).text.utf8))
        outcome.measured = measured
        return outcome
    }

    /// As the calls of the gateway are counted.
    var end: CallEnd {
        if let measured { return measured }
        return switch result {
        case .succeeded: .success
        case .failed: .functionError
        case .throttled: .throttled
        case .refused, .gone: .refused
        case .stopped, .interrupted: .canceled
        }
    }

    /// The service refuses. What may be otherwise a moment later is throttled; that an instance does not start is the function's own fault.
    /// Source: Function Compute contract §9.
    init(refusedBy error: ServiceError, retryAfter: Int? = nil) {
        let pause = retryAfter.map { Int64($0) * 1000 }
        switch error.status {
        case 404: result = .gone
        case 412 where error.code != "FunctionNotReady": result = .failed(retryAfter: pause)
        default: result = .throttled(retryAfter: pause)
        }
        (code, message, status) = (error.code, error.message, error.status)
        measured = CallEnd.of(error)
    }

    init(result: AttemptResult, code: String = "", message: String = "", status: Int = 200, response: [UInt8] = []) {
        (self.result, self.code, self.message, self.status, self.response) = (result, code, message, status, response)
    }

    /// The answer of an event call: an error is what sets `x-fc-status`, whatever the status. Source: Function Compute contract §8.2.
    static func event(isError: Bool, retryAfter: Int64?, body: [UInt8]) -> CallOutcome {
        guard isError else { return CallOutcome(result: .succeeded, response: body) }
        return CallOutcome(
            result: .failed(retryAfter: retryAfter), code: "InvocationError", message: String(decoding: body.prefix(1024), as: UTF8.self),
            response: body)
    }

    /// The answer of an HTTP call, by its status: what asks for patience (429, 503) is tried until it is too old, a server's error (5xx, 408) as often
    /// as errors of functions are, and every other 4xx is final, since the same request would be refused again.
    static func http(status: Int, retryAfter: Int64?, body: [UInt8]) -> CallOutcome {
        let result: AttemptResult =
            switch status {
            case 429, 503: .throttled(retryAfter: retryAfter)
            case 408, 500...: .failed(retryAfter: retryAfter)
            case 400..<500: .refused
            default: .succeeded
            }
        guard result != .succeeded else { return CallOutcome(result: result, status: status, response: body) }
        var outcome = CallOutcome(
            result: result, code: "HTTP\(status)", message: "the function answered \(status)", status: status, response: body)
        outcome.measured = status >= 500 ? .functionError : .success
        return outcome
    }

    /// `Retry-After` in seconds, as milliseconds; a date is left alone. Source: RFC 9110 §10.2.3.
    static func retryAfter(_ text: String?) -> Int64? {
        guard let text, let seconds = Int64(text.drop { $0 == " " }), (0...86_400).contains(seconds) else { return nil }
        return seconds * 1000
    }
}
