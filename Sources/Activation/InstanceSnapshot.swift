// SPDX-License-Identifier: Apache-2.0
public import FunctionModel

/// One instance as the API shows it.
public struct InstanceSnapshot: Hashable, Sendable {
    public enum Status: String, Hashable, Sendable {
        case starting = "Starting"
        case running = "Running"
        /// Its health check fails: it gets no calls until it is well again.
        case unhealthy = "Unhealthy"
        /// Has had no call for so long that it does not run until the next one.
        case frozen = "Frozen"
        /// Takes no new calls; ends with its last one.
        case draining = "Draining"
    }

    public var id: InstanceID
    public var function: String
    /// `LATEST` or digits.
    public var version: String
    /// What was asked for; as long as there are no aliases this is the version.
    public var qualifier: String
    public var status: Status
    /// Milliseconds since 1970, UTC.
    public var createdTime: Int64
    /// Calls that it serves at this moment.
    public var inFlight: Int
    /// Whether it is kept alive without calls too.
    public var isProvisioned: Bool

    init(_ instance: ActiveInstance, _ condition: AdmissionState.Condition) {
        id = instance.id
        function = instance.version.key.function
        version = instance.version.key.version
        qualifier = instance.version.key.version
        createdTime = instance.createdTime
        (status, inFlight, isProvisioned) =
            switch condition {
            case .starting: (.starting, 0, false)
            case .ready(let calls, let isProvisioned): (.running, calls, isProvisioned)
            case .frozen: (.frozen, 0, false)
            case .unhealthy(let calls): (.unhealthy, calls, false)
            case .leaving(let calls): (.draining, calls, false)
            }
    }

    init(_ run: EventRun, _ key: RunnableVersion.Key) {
        (id, function, version, qualifier) = (run.id, key.function, key.version, key.version)
        (status, createdTime, inFlight, isProvisioned) = (.running, run.createdTime, 1, false)
    }
}
