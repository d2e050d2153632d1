// SPDX-License-Identifier: Apache-2.0
package import FunctionModel
internal import NIOCore
internal import NIOHTTP1

/// One `GET` of a function's health path.
enum HealthProbe {
    enum Outcome: Sendable {
        case healthy
        /// In words that follow "check function health failed".
        case unhealthy(String)
    }

    /// `completion` runs on the instance's home loop, once.
    static func run(_ instance: ActiveInstance, _ check: HealthCheck, over socket: CInt?, completion: @escaping @Sendable (Outcome) -> Void)
    {
        OwnRequest.send(
            .GET, check.path, [("User-Agent", "swiftlet-health-check")], to: instance, over: socket, within: check.timeout
        ) { outcome in
            switch outcome {
            case .answered(let status) where (200...399).contains(status): completion(.healthy)
            case .answered(let status): completion(.unhealthy("with status code: \(status)"))
            case .unanswered(let words): completion(.unhealthy(words))
            }
        }
    }
}

/// What the periodic checks of one instance have come to.
///
/// `failureThreshold` failures in a row make it unhealthy, `successThreshold` successes in a row healthy again. One that fails as often once more is
/// given up: it may never come back, and another one can take its place.
package struct HealthRecord {
    package enum Verdict: Hashable, Sendable {
        case unchanged, unhealthy, healthyAgain, givenUp
    }

    private let check: HealthCheck
    private var isHealthy = true
    /// In a row; failures are counted on while it is unhealthy.
    private var failures = 0
    private var successes = 0

    package init(_ check: HealthCheck) { self.check = check }

    package mutating func note(success: Bool) -> Verdict {
        if success {
            (failures, successes) = (isHealthy ? 0 : check.failureThreshold, successes + 1)
            guard !isHealthy, successes >= check.successThreshold else { return .unchanged }
            (isHealthy, failures) = (true, 0)
            return .healthyAgain
        }
        (failures, successes) = (failures + 1, 0)
        if isHealthy, failures >= check.failureThreshold {
            isHealthy = false
            return .unhealthy
        }
        return failures >= 2 * check.failureThreshold ? .givenUp : .unchanged
    }
}

/// The periodic check of a running instance, where its function asks for one.
enum HealthWatch {
    static func begin(_ instance: ActiveInstance) {
        guard let check = instance.version.configuration.healthCheck else { return }
        next(instance, check, HealthRecord(check))
    }

    private static func next(_ instance: ActiveInstance, _ check: HealthCheck, _ record: HealthRecord) {
        instance.home.scheduleTask(in: .seconds(Int64(check.period))) {
            guard case .ready = instance.progress.value else { return }
            guard instance.activator.mayProbe(instance) else { return next(instance, check, record) }
            HealthProbe.run(instance, check, over: nil) { outcome in
                guard case .ready = instance.progress.value else { return }
                // It was frozen under the question, and had no chance.
                if instance.activator.isFrozen(instance) { return next(instance, check, record) }
                var record = record
                let (success, words) = if case .unhealthy(let words) = outcome { (false, words) } else { (true, "") }
                switch record.note(success: success) {
                case .unchanged: break
                case .unhealthy:
                    instance.platform("Instance is unhealthy and gets no calls: check failed \(words)")
                    instance.activator.unhealthy(instance)
                case .healthyAgain:
                    instance.platform("Instance is healthy again")
                    instance.activator.healthyAgain(instance)
                case .givenUp:
                    instance.platform("Instance stays unhealthy and is given up: check failed \(words)")
                    return instance.activator.givenUp(instance)
                }
                next(instance, check, record)
            }
        }
    }
}
