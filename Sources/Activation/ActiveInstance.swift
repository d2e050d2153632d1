// SPDX-License-Identifier: Apache-2.0
public import FunctionLog
public import FunctionModel
internal import LauncherClient
internal import Logging
internal import NIOCore
internal import Sandbox
public import Synchronization

/// One instance from the decision to start it until its program has ended.
///
/// What moves it on (launcher's events, connect probes, health checks) happens on `home`; what several loops use of it lies behind its own lock.
public final class ActiveInstance: Sendable {
    struct Shared {
        /// Unconnected sockets of its namespace, ready to use.
        var sockets: [CInt] = []
        /// Who waits for one of these; not empty for as long as the launcher is asked for more.
        var awaitSockets: [@Sendable () -> Void] = []
        /// The connection that proved that the program listens; the first call takes it.
        var connected: CInt?
        var log: (any InstanceLog)?
        var times: StartTimes
        var startUpLimit: Scheduled<Void>?
        var ended = false
        var exit = ExitNews.awaited([])
        var hasPreparedNext = false

        /// - Returns: true the first time.
        mutating func beginPreparingNext() -> Bool {
            defer { hasPreparedNext = true }
            return !hasPreparedNext
        }
    }

    /// Where the start is. `home` alone reads and writes it.
    enum Progress {
        case launching
        case connecting(ConnectProbe)
        /// Its initializer is being called.
        case initializing
        case checkingHealth(last: String)
        case ready
        /// Given up or stopped; its exit is awaited.
        case leaving
        case ended
    }

    struct ConnectProbe {
        var socket: CInt?
        var pending = false
        var pause: TimeAmount = .milliseconds(1)
        /// The pauses grow from then on.
        var late = NIODeadline.distantPast
        var retry: Scheduled<Void>?
        /// Until then it is tried with hardly a pause.
        var keen: NIODeadline?
        var tries = 0
    }

    public let id: InstanceID
    public let version: RunnableVersion
    /// Milliseconds since 1970, UTC.
    public let createdTime: Int64
    /// The number of the event loop that holds the only connection, where the program serves one call at a time; -1 for none.
    /// A server with one thread may answer on one connection only, so the next loop has the last one close its own.
    public let connectionHome = Atomic<Int>(-1)
    let slot: Int
    /// What it is started with, where it was prepared ahead of need.
    let prepared: InstanceSpec?
    let home: any EventLoop
    let host: HostContext
    let activator: FunctionActivator
    let shared: Mutex<Shared>
    let progress: NIOLoopBoundBox<Progress>
    let ended: EventLoopPromise<Void>

    init(id: InstanceID, slot: Int, prepared: InstanceSpec? = nil, activator: FunctionActivator, host: HostContext, home: any EventLoop) {
        self.id = id
        self.slot = slot
        self.prepared = prepared
        self.activator = activator
        self.host = host
        self.home = home
        version = activator.version
        createdTime = host.clock.unixMilliseconds()
        shared = Mutex(Shared(times: StartTimes(asked: host.clock.now())))
        progress = .makeBoxSendingValue(.launching, eventLoop: home)
        ended = home.makePromise()
    }

    /// The port on which the program listens, in its own network namespace.
    public var port: UInt16 { UInt16(clamping: version.configuration.port) }

    /// Nil until the program was executed.
    public var log: (any InstanceLog)? { shared.withLock { $0.log } }

    public var hasEnded: Bool { shared.withLock { $0.ended } }

    var times: StartTimes { shared.withLock { $0.times } }

    /// Asks the launcher for it. Everything after this is driven by events.
    func begin() {
        host.unsettle()
        host.meter.asked(version.key.function)
        if version.configuration.internetAccess, !host.options.internetAccess {
            platform("internetAccess: this host gives instances no way out; swiftlet serve --internet-access does")
        }
        let spec = prepared ?? InstanceEnvironment.spec(id, version, host.options)
        let limit = home.scheduleTask(in: host.options.startUpTime) { self.startUpTimePassed() }
        shared.withLock { $0.startUpLimit = limit }
        host.launcher.start(spec) { event in
            self.home.execute { self.handle(event) }
        }
    }

    /// Ends it; its exit follows. A ready one is told before, where its function wants to be.
    func stop(_ reason: AdmissionState.StopReason) {
        platform("Instance stops: \(words(reason))")
        home.execute {
            switch self.progress.value {
            case .ready:
                self.progress.value = .leaving
                self.host.unsettle()
                if reason != .aborted, reason != .unreachable, let hook = self.version.configuration.preStop {
                    return self.beforeStop(hook) { self.askLauncherToStop(reason) }
                }
            case .launching, .initializing, .checkingHealth: self.progress.value = .leaving
            case .leaving, .ended: break
            case .connecting(let probe):
                self.discard(probe)
                self.progress.value = .leaving
            }
            self.askLauncherToStop(reason)
        }
    }

    private func askLauncherToStop(_ reason: AdmissionState.StopReason) {
        host.launcher.stop(id, grace: reason == .aborted ? .zero : host.options.stopGrace)
    }

    /// Waits for the end of its program.
    func whenEnded() async {
        do { try await ended.futureResult.get() } catch { host.logger.debug("gave up waiting for instance \(id)") }
    }

    /// Lets everyone go who waits for its end.
    func stopWaiting() { ended.fail(CancellationError()) }

    private func words(_ reason: AdmissionState.StopReason) -> String {
        switch reason {
        case .idle:
            host.options.learnsIdleTime
                ? "no call for as long as it is kept" : "no call for \(version.configuration.idleTimeout) seconds"
        case .drained: "drained"
        case .startFailed: "it did not become ready"
        case .abandonedCall: "its call was cancelled or ran out of time, and it serves one at a time"
        case .unreachable: "it takes no connections any more"
        case .aborted: "its function was switched off with the calls in progress"
        case .yielded: "the host is full, and another function needed its place"
        case .unhealthy: "its health check failed \(version.configuration.healthCheck?.failureThreshold ?? 0) times in a row"
        }
    }

    func platform(_ message: String) {
        if let log {
            log.platform(message, request: nil)
        } else {
            host.log.platform(message, instance: id, function: version.key.function, version: version.key.version)
        }
        host.logger.debug("\(message)", metadata: ["function": "\(version.key.function)", "instance": "\(id)"])
    }
}
