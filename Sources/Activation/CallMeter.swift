// SPDX-License-Identifier: Apache-2.0
package import CoreMetrics
package import FunctionModel
internal import Metrics
package import NIOCore

/// How a call ended, as the metrics, the log and the spans name it.
package enum CallEnd: String, CaseIterable {
    case success
    /// The function said so: `x-fc-status` in an event's answer, or an HTTP status from 500 on.
    case functionError = "function_error"
    case timeout
    /// The instance ended, or broke the connection, before its answer was complete.
    case crashed
    /// The client left.
    case canceled
    /// No instance came free, or the host is full.
    case throttled
    case startFailed = "start_failed"
    /// The request itself was at fault.
    case refused
    /// The answer could not be passed on.
    case badAnswer = "bad_answer"
    case hostError = "host_error"

    /// What a call came to that the service answered by an error.
    package static func of(_ error: ServiceError) -> CallEnd {
        switch error.status {
        case 412: .startFailed
        case 429, 503: .throttled
        case 500...: .hostError
        default: .refused
        }
    }
}

/// The numbers of the calls of one version. Those of a warm call that ends well are at hand; the others are looked up when they are needed.
package final class CallMeter: Sendable {
    /// How it came. `async` is one attempt at an asynchronous invocation, whatever it is of.
    package enum Kind: String, Sendable { case event, http, async }

    private let factory: any MetricsFactory
    private let function: String
    private let version: String
    private let events: Counter
    private let requests: Counter
    private let duration: Timer

    package init(_ key: RunnableVersion.Key, _ factory: any MetricsFactory) {
        self.factory = factory
        function = key.function
        version = key.version
        events = Self.counter(key.function, key.version, .event, .success, factory)
        requests = Self.counter(key.function, key.version, .http, .success, factory)
        duration = Timer(
            label: "swiftlet_invocation_duration_seconds", dimensions: [("function", key.function)], preferredDisplayUnit: .seconds,
            factory: factory)
    }

    /// - Parameters:
    ///   - took: from the arrival of the request's head to the end of the answer.
    ///   - waited: for an instance; nil where one was free.
    package func ended(_ kind: Kind, _ outcome: CallEnd, took: TimeAmount, waited: TimeAmount?) {
        switch (outcome, kind) {
        case (.success, .event): events.increment()
        case (.success, .http): requests.increment()
        default: Self.counter(function, version, kind, outcome, factory).increment()
        }
        duration.recordNanoseconds(took.nanoseconds)
        if let waited {
            Timer(label: "swiftlet_invocation_wait_seconds", dimensions: [("function", function)], factory: factory)
                .recordNanoseconds(waited.nanoseconds)
        }
    }

    package func started(_ cold: ColdStart) {
        Counter(label: "swiftlet_cold_starts_total", dimensions: [("function", function)], factory: factory).increment()
        for (phase, time) in cold.phases {
            let name = phase == .firstByte ? "first_byte" : phase.rawValue
            Timer(label: "swiftlet_cold_start_phase_seconds", dimensions: [("function", function), ("phase", name)], factory: factory)
                .recordNanoseconds(time.nanoseconds)
        }
    }

    /// A request that the service refused by an error of its own, whether or not it got as far as a function.
    package static func refused(_ error: ServiceError, _ factory: any MetricsFactory) {
        Counter(label: "swiftlet_errors_total", dimensions: [("code", error.code)], factory: factory).increment()
    }

    private static func counter(
        _ function: String, _ version: String, _ kind: Kind, _ outcome: CallEnd, _ factory: any MetricsFactory
    ) -> Counter {
        let labels = [("function", function), ("version", version), ("kind", kind.rawValue), ("outcome", outcome.rawValue)]
        return Counter(label: "swiftlet_invocations_total", dimensions: labels, factory: factory)
    }
}
