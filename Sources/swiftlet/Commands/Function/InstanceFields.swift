// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// What is said of a function's instances beyond program and size: how they begin and end, who looks after them, and in which role they act.
struct InstanceFields: ParsableArguments {
    @Option(help: ArgumentHelp("Disk of one instance, in MB: 512 or 10240. (default: 512)", valueName: "MB"))
    var disk: Int?

    @Option(help: ArgumentHelp("Seconds from the start of the program to the first health check. (default: 0)", valueName: "s"))
    var healthDelay: Int?

    @Option(help: ArgumentHelp("Seconds between two health checks. (default: 3)", valueName: "s"))
    var healthPeriod: Int?

    @Option(help: ArgumentHelp("Seconds that a health check may take. (default: 1)", valueName: "s"))
    var healthTimeout: Int?

    @Option(help: ArgumentHelp("Failed checks after which an instance gets no calls. (default: 3)", valueName: "n"))
    var healthFailures: Int?

    @Option(help: ArgumentHelp("Checks in a row after which it gets calls again. (default: 1)", valueName: "n"))
    var healthSuccesses: Int?

    @Option(
        help: ArgumentHelp(
            "POST /initialize before an instance's first call, which may take so many seconds. It and --pre-stop go together: what is not given is off.",
            valueName: "s"))
    var initializer: Int?

    @Option(help: ArgumentHelp("GET /pre-stop before an instance ends, which may take so many seconds; 0 for no hook.", valueName: "s"))
    var preStop: Int?

    @Option(
        help: ArgumentHelp(
            "false: the image has no server; its program is run to its end for each event. (default: true)", valueName: "bool"))
    var webServerMode: Bool?

    @Option(help: ArgumentHelp("false: calls start no instances, only provisioned ones serve. (default: true)", valueName: "bool"))
    var onDemand: Bool?

    @Option(help: ArgumentHelp("The role in which it acts at this host, see `swiftlet role`; \"\" takes it away.", valueName: "name"))
    var role: String?

    private var health: [Int?] { [healthDelay, healthPeriod, healthTimeout, healthFailures, healthSuccesses] }

    var hasHealth: Bool { health.contains { $0 != nil } }

    func filling(_ given: FunctionBody) -> FunctionBody {
        var body = given
        body.diskSize = disk
        body.role = role
        body.disableOndemand = onDemand.map { !$0 }
        if initializer != nil || preStop != nil {
            body.instanceLifecycleConfig = .init(initializer: Self.hook(initializer), preStop: Self.hook(preStop))
        }
        body.customContainerConfig.webServerMode = webServerMode
        if hasHealth {
            body.customContainerConfig.healthCheckConfig?.initialDelaySeconds = healthDelay
            body.customContainerConfig.healthCheckConfig?.periodSeconds = healthPeriod
            body.customContainerConfig.healthCheckConfig?.timeoutSeconds = healthTimeout
            body.customContainerConfig.healthCheckConfig?.failureThreshold = healthFailures
            body.customContainerConfig.healthCheckConfig?.successThreshold = healthSuccesses
        }
        return body
    }

    /// An image answers its hooks over HTTP; the handler only says that there is one.
    private static func hook(_ seconds: Int?) -> FunctionBody.Lifecycle.Hook {
        guard let seconds, seconds != 0 else { return .init(handler: "") }
        return .init(handler: "http", timeout: seconds)
    }
}
