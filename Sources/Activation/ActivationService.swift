// SPDX-License-Identifier: Apache-2.0
public import CoreMetrics
public import FunctionLog
public import FunctionModel
public import LauncherClient
public import Logging
public import NIOCore
internal import Synchronization

/// All instances of the host: one activator a function version, created by need and forgotten when it has drained.
public final class ActivationService: Sendable {
    private struct Guarded {
        var activators: [RunnableVersion.Key: FunctionActivator] = [:]
        /// Replaced or deleted versions whose instances still finish their calls.
        var draining: [ObjectIdentifier: FunctionActivator] = [:]
        var coldStarts: [String: ColdStartRing] = [:]
        /// By function.
        var quotas: [String: CallQuota] = [:]

        mutating func quota(of function: String) -> CallQuota {
            if let known = quotas[function] { return known }
            let new = CallQuota()
            quotas[function] = new
            return new
        }
    }

    public let options: ActivationOptions
    /// Where the numbers of its calls go.
    package let metrics: any MetricsFactory
    let host: HostContext
    private let capacity: CapacityKeeper
    private let guarded = Mutex(Guarded())

    /// - Parameters:
    ///   - loops: the event loops of the gateway; an instance's start runs on the loop of the call that waits for it.
    ///   - random: for instance ids.
    public init(
        options: ActivationOptions = ActivationOptions(), launcher: any InstanceLauncher, log: any InstanceLogSink,
        loops: any EventLoopGroup,
        clock: HostClock = .system, random: @escaping @Sendable () -> UInt64 = { .random(in: .min ... .max) },
        metrics: any MetricsFactory = NOOPMetricsHandler.instance, logger: Logger
    ) {
        self.options = options
        self.metrics = metrics
        host = HostContext(
            options: options, launcher: launcher, log: log, loops: loops, clock: clock, random: random, metrics: metrics, logger: logger)
        capacity = CapacityKeeper(host)
        host.room.choose { [weak self] in self?.activators() ?? [] }
    }

    /// The activator of a version. It starts nothing by itself.
    public func activator(for version: RunnableVersion) -> FunctionActivator {
        guarded.withLock { guarded in
            if let known = guarded.activators[version.key], known.version == version { return known }
            let quota = guarded.quota(of: version.key.function)
            // An update must not forget when the function is called.
            let before = options.learnsIdleTime ? guarded.activators.values.first { $0.version.key.isSameVersion(as: version.key) } : nil
            let history = before?.history ?? IdleHistogram()
            let new = FunctionActivator(version: version, quota: quota, history: history, host: host) { [weak self] in self?.forget($0) }
            if let replaced = guarded.activators.updateValue(new, forKey: version.key) {
                guarded.draining[ObjectIdentifier(replaced)] = replaced
            }
            return new
        }
    }

    /// Drains every version but these. Called when no new call can reach the others any more.
    public func retire(allBut keys: Set<RunnableVersion.Key>) {
        let retired = guarded.withLock { guarded in
            for (key, activator) in guarded.activators where !keys.contains(key) {
                guarded.activators[key] = nil
                guarded.draining[ObjectIdentifier(activator)] = activator
            }
            return Array(guarded.draining.values)
        }
        for activator in retired { activator.drain() }
    }

    /// Takes over what a snapshot says about instances: how many may be at work, and how many are kept.
    public func adopt(_ snapshot: RoutingSnapshot) {
        bound(snapshot.functions.compactMapValues(\.reservedConcurrency))
        capacity.adopt(snapshot) { activator(for: $0) }
    }

    /// Starts an instance for each version that takes the place of one with instances, and waits until each is ready, cannot start, or time is over.
    public func warmUp(for snapshot: RoutingSnapshot, within limit: TimeAmount) async {
        let cold = guarded.withLock { guarded in
            var busy: [String: RunnableVersion.Key] = [:]
            for (key, activator) in guarded.activators where activator.provisionStanding().current > 0 {
                busy["\(key.function)/\(key.version)"] = key
            }
            var cold: [FunctionActivator] = []
            for route in snapshot.functions.values where route.restriction == nil && route.reservedConcurrency != 0 {
                // What starts none on demand has its provisioned ones, or refuses.
                for version in route.versions.values where !version.configuration.isOnDemandDisabled {
                    guard let old = busy["\(version.key.function)/\(version.key.version)"], old != version.key else { continue }
                    if let new = guarded.activators[version.key] { cold.append(new) }
                }
            }
            return cold
        }
        await withTaskGroup { group in
            for activator in cold { group.addTask { await activator.warmUp(within: limit) } }
        }
    }

    /// How the provisioned instances of a qualifier stand: those that are ready, the number that is aimed at, and why it is not reached.
    ///
    /// - Returns: nil where none were asked for.
    public func provisioned(of function: String, qualifier: String) -> (current: Int, target: Int, error: String?)? {
        capacity.standing(CapacityKeeper.Key(function: function, qualifier: qualifier))
    }

    /// Bounds how many instances of a function may be at work at once, and keeps as many places of the host for it. Calls that have a place or wait keep it.
    ///
    /// - Parameter reserved: by function; those that are missing are not bounded.
    private func bound(_ reserved: [String: Int]) {
        guarded.withLock { guarded in
            for (function, quota) in guarded.quotas where reserved[function] == nil { quota.set(reserved: nil) }
            for (function, instances) in reserved { guarded.quota(of: function).set(reserved: instances) }
        }
        host.reservePlaces(reserved)
    }

    /// The instances of one function, of all its versions, oldest first.
    public func instances(of function: String) -> [InstanceSnapshot] { instances().filter { $0.function == function } }

    /// All instances of the host, oldest first.
    public func instances() -> [InstanceSnapshot] {
        activators().flatMap { $0.snapshots() }.sorted { ($0.createdTime, $0.id.text) < ($1.createdTime, $1.id.text) }
    }

    /// The images that instances run, also of versions that were replaced or deleted.
    public func manifests() -> [Digest] { activators().filter { !$0.snapshots().isEmpty }.map(\.version.manifest) }

    /// Ends all instances of a function: idle ones at once, busy ones with their last call.
    ///
    /// - Returns: how many ended, when they have.
    public func stopInstances(of function: String) async -> Int {
        let stopped = activators().filter { $0.version.key.function == function }.flatMap { $0.stopAll() }
        for instance in stopped { await instance.whenEnded() }
        return stopped.count
    }

    /// Ends all instances of a function now, with the calls on them. The gateway sends it no more calls by then.
    ///
    /// - Returns: how many ended, when they have.
    public func abortInstances(of function: String) async -> Int {
        let error = InvocationRestriction.error(function, reason: "")
        let stopped = activators().filter { $0.version.key.function == function }.flatMap { $0.abort(error) }
        for instance in stopped { await instance.whenEnded() }
        return stopped.count
    }

    /// The last 1000 cold starts of a function, oldest first.
    public func coldStarts(of function: String) -> [ColdStart] { guarded.withLock { $0.coldStarts[function]?.records ?? [] } }

    public func record(_ coldStart: ColdStart, of function: String) {
        guarded.withLock { $0.coldStarts[function, default: ColdStartRing()].append(coldStart) }
    }

    /// How many instances the kernel has ended because they were over their memory limit, by function, since the daemon started. It only grows.
    public func outOfMemoryEnds() -> [String: Int] { host.outOfMemoryEnds() }

    /// How many instances are prepared ahead of need now.
    public var parkedInstances: Int { host.parking.count }

    /// `observer` is told of every instance that has ended, on some event loop.
    public func observeEnds(_ observer: @escaping @Sendable (ActiveInstance) -> Void) { host.observeEnds(observer) }

    /// Ends all instances when their calls are done, and what is left after `limit` without waiting for its calls. The gateway has stopped before.
    public func shutDown(within limit: Duration) async {
        capacity.stop()
        let all = activators()
        for activator in all { activator.drain() }
        let instances = all.flatMap { $0.liveInstances() }
        await withTaskGroup { group in
            group.addTask { for instance in instances { await instance.whenEnded() } }
            group.addTask {
                do { try await Task.sleep(for: limit) } catch { return }
                for instance in instances where !instance.hasEnded { self.host.launcher.stop(instance.id, grace: .zero) }
                // The launcher ends what is left when the daemon has gone; nothing is gained by waiting for it here.
                for instance in instances { instance.stopWaiting() }
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func activators() -> [FunctionActivator] { guarded.withLock { Array($0.activators.values) + Array($0.draining.values) } }

    private func forget(_ activator: FunctionActivator) {
        guarded.withLock { guarded in
            guarded.draining[ObjectIdentifier(activator)] = nil
            if guarded.activators[activator.version.key] === activator { guarded.activators[activator.version.key] = nil }
        }
    }
}

/// The newest 1000 records.
private struct ColdStartRing {
    private static let capacity = 1000
    private var stored: [ColdStart] = []
    private var oldest = 0

    var records: [ColdStart] { Array(stored[oldest...] + stored[..<oldest]) }

    mutating func append(_ record: ColdStart) {
        if stored.count < Self.capacity { return stored.append(record) }
        stored[oldest] = record
        oldest = (oldest + 1) % Self.capacity
    }
}

extension RunnableVersion.Key {
    /// Whether both are states of one version, which an update has changed or not.
    fileprivate func isSameVersion(as other: RunnableVersion.Key) -> Bool { function == other.function && version == other.version }
}
