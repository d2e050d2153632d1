internal import FunctionLog
// SPDX-License-Identifier: Apache-2.0
internal import FunctionModel
internal import LauncherClient
internal import NIOCore
internal import Sandbox
internal import Synchronization

/// The way to readiness, on `home`: executed → listening → first connection → healthy.
extension ActiveInstance {
    /// How long a program that is just being executed is asked without a pause whether it listens. A processor that sleeps meanwhile takes longer
    /// to wake than a small program takes to start.
    private static let keenTime = TimeAmount.milliseconds(2)
    private static let rest = TimeAmount.microseconds(20)
    private static let triesBetweenRests = 16
    /// Whoever has not answered by then has its successor prepared while it works.
    private static let longestAnswer = TimeAmount.milliseconds(20)
    /// How much of a program's output goes into an error.
    private static let outputInErrors = 2048

    func handle(_ event: InstanceEvent) {
        switch event {
        case .started(let standardOutput, let standardError, let sockets, let setUp):
            started(standardOutput, standardError, sockets, setUp)
        case .listening:
            guard case .connecting(var probe) = progress.value, probe.keen == nil else { return }
            probe.retry?.cancel()
            probe.pause = .microseconds(200)
            progress.value = .connecting(probe)
            tryConnect()
        case .failed(let failure):
            end()
            host.meter.failed(version.key.function, at: .launch)
            let error = StartFailure.launch(failure, of: version)
            platform("Instance failed to start: \(failure)")
            log?.end()
            activator.startFailed(self, error, gone: true)
        case .exited(let exit):
            exited(exit)
        }
    }

    private func started(_ standardOutput: CInt, _ standardError: CInt, _ sockets: [CInt], _ setUp: SetUpTimes?) {
        let log = host.log.begin(
            id, function: version.key.function, version: version.key.version, standardOutput: standardOutput, standardError: standardError)
        shared.withLock {
            $0.log = log
            $0.sockets = sockets
            $0.times.started(at: host.clock.now(), setUp)
        }
        guard case .launching = progress.value else { return }
        var probe = ConnectProbe()
        if let prepared, !prepared.reportsListen {
            // It was quick to listen before, so the pauses do not grow before it is late; where several are on their way, each look takes time from all.
            probe.pause = .microseconds(Int64(100 * min(4, host.onTheirWay)))
            probe.late = host.clock.now() + Self.keenTime
        }
        // Nobody listens yet in the moment of execve. Each attempt takes the processor for as long as a tenth of the whole start.
        guard prepared != nil, host.isQuiet else { return tryLater(probe) }
        probe.keen = host.clock.now() + Self.keenTime
        rest(probe)
    }

    /// Gives the processor up, and tries again. sched_yield(2) gives way to threads of one's own cgroup or session only; the program, which is of another, may have
    /// been placed behind this thread, and would wait for its slice of milliseconds although another processor is idle.
    private func rest(_ probe: ConnectProbe) {
        var probe = probe
        probe.retry = home.scheduleTask(in: Self.rest) { self.tryConnect() }
        progress.value = .connecting(probe)
    }

    private func tryLater(_ probe: ConnectProbe) {
        var probe = probe
        let pause = probe.pause
        if host.clock.now() >= probe.late { probe.pause = min(.milliseconds(20), .nanoseconds(pause.nanoseconds * 2)) }
        probe.retry = home.scheduleTask(in: pause) { self.tryConnect() }
        progress.value = .connecting(probe)
    }

    /// One attempt; while nobody listens it comes back by itself, ever later up to 20 ms, and at once when `listening` is reported.
    func tryConnect() {
        guard case .connecting(var probe) = progress.value else { return }
        guard let socket = probe.socket ?? takeSocket() else {
            // No socket comes from a namespace that has gone; the exit is on its way.
            guard !hasEnded else { return }
            refillSockets { self.tryConnect() }
            return
        }
        probe.socket = socket
        let outcome = probe.pending ? LoopbackSocket.state(of: socket, port: port) : LoopbackSocket.connect(socket, port: port)
        probe.pending = outcome == .pending
        switch outcome {
        case .connected:
            return listens(on: socket)
        case .failed:
            LoopbackSocket.close(socket)
            probe.socket = nil
        case .pending, .refused: break
        }
        if let keen = probe.keen, host.isQuiet, host.clock.now() < keen {
            probe.tries += 1
            if probe.tries % Self.triesBetweenRests == 0 { return rest(probe) }
            progress.value = .connecting(probe)
            LoopbackSocket.letOthersRun()
            return home.execute { self.tryConnect() }
        }
        probe.keen = nil
        tryLater(probe)
    }

    private func listens(on socket: CInt) {
        shared.withLock { $0.times.connected = host.clock.now() }
        if let hook = version.configuration.initializer { initialize(hook, over: socket) } else { checkOrServe(over: socket) }
    }

    /// - Parameter socket: connected, where it has not been used yet.
    func checkOrServe(over socket: CInt?) {
        guard let check = version.configuration.healthCheck else {
            shared.withLock { $0.connected = socket }
            becomeReady()
            return
        }
        progress.value = .checkingHealth(last: "without an answer")
        let delay = shared.withLock { ($0.times.started ?? $0.times.asked) + .seconds(Int64(check.initialDelay)) }
        if version.configuration.initializer != nil {
            let limit = home.scheduleTask(in: host.options.startUpTime) { self.startUpTimePassed() }
            shared.withLock { $0.startUpLimit = limit }
        }
        home.scheduleTask(deadline: delay) { self.checkHealth(over: socket, pause: .milliseconds(1)) }
    }

    /// Probes at once after each failure, a little later each time, until the first success or the start-up limit.
    private func checkHealth(over socket: CInt?, pause: TimeAmount) {
        guard case .checkingHealth = progress.value, let check = version.configuration.healthCheck else {
            if let socket { LoopbackSocket.close(socket) }
            return
        }
        HealthProbe.run(self, check, over: socket) { outcome in
            guard case .checkingHealth = self.progress.value else { return }
            switch outcome {
            case .healthy: self.becomeReady()
            case .unhealthy(let words):
                self.progress.value = .checkingHealth(last: words)
                self.home.scheduleTask(in: pause) {
                    self.checkHealth(over: nil, pause: min(.milliseconds(100), .nanoseconds(pause.nanoseconds * 2)))
                }
            }
        }
    }

    private func becomeReady() {
        shared.withLock {
            $0.times.ready = host.clock.now()
            $0.startUpLimit.take()?.cancel()
        }
        progress.value = .ready
        host.settled()
        activator.instanceReady(self)
        home.scheduleTask(in: Self.longestAnswer) { self.prepareNext() }
        HealthWatch.begin(self)
    }

    /// The first byte of its first answer is out: nobody waits for this start any more. Called on any event loop.
    public func hasAnswered() { home.execute { self.prepareNext() } }

    /// Has the next instance of the version parked. That takes the launcher as long as a start, so it comes when this start is over.
    private func prepareNext() {
        guard !activator.isDraining, shared.withLock({ $0.beginPreparingNext() }) else { return }
        let isReported = prepared?.reportsListen ?? true
        if !isReported { host.launcher.listens(id) }
        let listenTime = times.listenTime ?? Self.keenTime
        let maximum = version.configuration.maximumInstances ?? host.options.maximumInstances
        host.parking.started(version, maximum: maximum, newID: host.newInstanceID) { id in
            var spec = InstanceEnvironment.spec(id, version, host.options)
            // One that listens as soon as this is asked for until it does; a report would only hold it up.
            spec.reportsListen = listenTime >= Self.keenTime
            return spec
        }
    }

    func startUpTimePassed() {
        let limit = host.options.startUpTime
        let failure: @Sendable (String) -> ServiceError
        let (version, port) = (version, Int(port))
        switch progress.value {
        case .launching, .connecting:
            host.meter.failed(version.key.function, at: .listen)
            failure = { StartFailure.neverListened(on: port, within: limit, of: version, output: $0) }
        case .checkingHealth(let last):
            host.meter.failed(version.key.function, at: .healthz)
            failure = { StartFailure.neverHealthy(last, within: limit, of: version, output: $0) }
        case .initializing, .ready, .leaving, .ended: return
        }
        if case .connecting(let probe) = progress.value { discard(probe) }
        progress.value = .leaving
        withLastOutput { self.activator.startFailed(self, failure($0), gone: false) }
    }

    private func exited(_ exit: InstanceExit) {
        host.meter.ended(version.key.function, exit)
        if exit == .outOfMemory { host.countOutOfMemory(version.key.function) }
        let wasReady = if case .ready = progress.value { true } else { false }
        end()
        withLastOutput { output in
            let error = StartFailure.exited(exit, of: self.version, output: output)
            self.platform("Instance ended: \(StartFailure.words(exit, self.version))")
            self.log?.end()
            if !wasReady { self.activator.startFailed(self, error, gone: true) } else { self.activator.exited(self, error) }
            self.tellExit(ProgramExit(words: StartFailure.words(exit, self.version), isOutOfMemory: exit == .outOfMemory))
        }
    }

    /// Its own things are closed; whoever holds connections to it is told.
    private func end() {
        if case .connecting(let probe) = progress.value { discard(probe) }
        if case .ready = progress.value {} else { host.settled() }
        progress.value = .ended
        let descriptors = shared.withLock { shared in
            defer {
                shared.sockets = []
                shared.connected = nil
                shared.ended = true
                shared.startUpLimit.take()?.cancel()
            }
            return shared.sockets + (shared.connected.map { [$0] } ?? [])
        }
        descriptors.forEach(LoopbackSocket.close)
        host.instanceEnded(self)
        ended.succeed()
    }

    func discard(_ probe: ConnectProbe) {
        probe.retry?.cancel()
        if let socket = probe.socket { LoopbackSocket.close(socket) }
    }

    func withLastOutput(_ body: @escaping @Sendable (String) -> Void) {
        guard let log else { return body("") }
        log.lastOutput(bytes: Self.outputInErrors) { output in
            self.home.execute { body(output) }
        }
    }
}
