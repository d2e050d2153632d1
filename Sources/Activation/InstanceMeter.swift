// SPDX-License-Identifier: Apache-2.0
internal import CoreMetrics
internal import LauncherClient
internal import Metrics
internal import Sandbox

/// Counts what becomes of instances.
struct InstanceMeter: Sendable {
    /// Where a start came to its end without an instance that answers.
    enum FailedStep: String {
        case launch, listen, healthz
    }

    let factory: any MetricsFactory

    func asked(_ function: String) { count("swiftlet_instance_starts_total", [("function", function)]) }

    func failed(_ function: String, at step: FailedStep) {
        count("swiftlet_instance_start_failures_total", [("function", function), ("step", step.rawValue)])
    }

    func ended(_ function: String, _ exit: InstanceExit) {
        let reason =
            switch exit {
            case .exited: "exited"
            case .signaled: "signaled"
            case .outOfMemory: "out_of_memory"
            }
        count("swiftlet_instance_exits_total", [("function", function), ("reason", reason)])
    }

    private func count(_ name: String, _ labels: [(String, String)]) {
        Counter(label: name, dimensions: labels, factory: factory).increment()
    }
}
