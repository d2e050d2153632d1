// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem
import Sandbox

extension LauncherLoop {
    /// Takes a client that somebody else started; when it goes, the launcher ends.
    func attach(_ client: consuming Descriptor) throws(SystemCallError) {
        let connection = DaemonConnection(client)
        self.connection = connection
        daemonState = .attached
        try poller.add(connection.socket.number, token: Self.token(.daemonSocket, 0))
    }

    func startDaemon() throws(SystemCallError) {
        guard let daemon, !isStopping else { return }
        let sockets = try MessageSocketPair()
        try DaemonConnection.widen(sockets)
        let status = try MessageSocketPair()
        let data = Descriptor.Box(try cloneTree(state.root.number, "data"))
        defer { withExtendedLifetime((sockets, status, data)) {} }  // The plan holds numbers only.
        var environment = daemonEnvironment()
        environment += ["SWIFTLET_LAUNCHER_FD=3", "\(LauncherProtocol.variable)=\(LauncherProtocol.version)"]
        let held = ListenerName.allCases.compactMap { name in listeners[name].map { (name, $0.number) } }
        let places = held.enumerated().map { "\($1.0):\(DaemonPlan.firstListener + CInt($0))" }
        environment.append("SWIFTLET_LISTENERS=" + places.joined(separator: ","))
        let plan = DaemonPlan.steps(
            network: daemon.network.number, socket: sockets.other.number, program: daemon.program.number, status: status.other.number,
            cover: DaemonPlan.cover(for: state.path, canEnter: daemon.canEnter), data: data.number, dataPath: state.path + "/data",
            user: daemon.user, arguments: daemon.arguments, environment: environment, listeners: held.map(\.1))
        let process = try starter.spawn(plan, namespaces: DaemonPlan.namespaces, status: status.other.number)
        let connection = DaemonConnection(try sockets.one.descriptor.duplicate())
        self.connection = connection
        daemonState = .running(process: Descriptor.Box(process), since: monotonicNanoseconds())
        if case .running(let box, _) = daemonState { try poller.add(box.number, token: Self.token(.daemonProcess, 0)) }
        try poller.add(connection.socket.number, token: Self.token(.daemonSocket, 0))
        daemonStatus = status.one
        daemonSteps = plan.map(\.description)
    }

    /// The launcher's own, without what it tells a daemon.
    func daemonEnvironment() -> [String] {
        var environment: [String] = []
        var variable = environ
        while let text = variable.pointee {
            environment.append(String(cString: text))
            variable += 1
        }
        let own = ["SWIFTLET_LAUNCHER_FD=", "SWIFTLET_LISTENERS=", "SWIFT_BACKTRACE=", LauncherProtocol.variable + "="]
        environment.removeAll { text in own.contains { text.hasPrefix($0) } }
        // The backtracer of Swift's runtime can hang in a process that has crashed; a daemon that has crashed must end, to be started anew.
        return environment + ["SWIFT_BACKTRACE=enable=no"]
    }

    func daemonEnded() throws(SystemCallError) {
        guard case .running(let process, let since) = daemonState, let end = try process.descriptor.reap() else { return }
        try poller.remove(process.number)
        var buffer = [UInt8](repeating: 0, count: 64)
        if let status = daemonStatus, case .message(let bytes, _) = try receiveMessage(status.number, into: &buffer, descriptors: 0),
            bytes.count == 8
        {
            log("the daemon did not start: \(SetupFailure(Array(bytes)).words(daemonSteps))")
        }
        daemonState = .none
        try disconnect()
        try endEveryInstance()
        deadlines.removeAll { if case .endDaemon = $0.action { true } else { false } }
        let lifetime = (monotonicNanoseconds() - since) / 1_000_000_000
        if lifetime > 60 { restarts = 0 }
        switch next(after: end, lifetime: lifetime) {
        case .finish(let status):
            isStopping = true
            exitStatus = status
        case .startAnew(let pause):
            restarts += 1
            log("the daemon ended (\(end)); it is started anew in \(pause) ms")
            daemonState = .waitingToStart
            after(milliseconds: pause, .startDaemon)
        }
    }

    private func next(after end: ProcessEnd, lifetime: UInt64) -> DaemonCommand.Next {
        if isUpgrading, !isStopping {
            isUpgrading = false
            return .startAnew(afterMilliseconds: 0)
        }
        let next = DaemonCommand.next(after: end, isStopping: isStopping, lifetime: lifetime, restarts: restarts)
        guard !isStopping, end != .exited(0), lifetime < 5, let daemon, daemon.goBack() else { return next }
        log("the new program did not start (\(end)); the former one goes on")
        return .startAnew(afterMilliseconds: 0)
    }

    private func disconnect() throws(SystemCallError) {
        if let connection { try poller.remove(connection.socket.number) }
        connection = nil
        isWaitingToWrite = false
    }

    func daemonSocketReady(writable: Bool) throws(SystemCallError) {
        guard let connection else { return }
        if writable { try flush(connection) }
        for _ in 0..<64 {
            switch try connection.receive() {
            case .nothing: return
            case .request(let request, let descriptors): try serve(request, descriptors)
            case .refused(let reason):
                log("a message of the daemon was refused: \(reason)")
                return try clientGone()
            case .end: return try clientGone()
            }
            if self.connection == nil { return }
        }
    }

    private func serve(_ request: LauncherRequest, _ descriptors: [Descriptor.Box]) throws(SystemCallError) {
        switch request {
        case .start(let spec): try start(spec)
        case .park(let spec): waitingParks.append(spec)
        case .claim(let id): try claim(id)
        case .openSockets(let number, let id, let count): try openSockets(number, id, count: Int(count))
        case .stop(let id, let grace): try stop(id, graceMilliseconds: grace)
        case .unpack(let job, let diffID, let offset, let length, let compression, let limits, let place):
            guard let blob = descriptors.first else { return try tell(.jobFailed(job: job, reason: "the request came without its blob")) }
            try unpack(
                UnpackOrder(
                    job: job, diffID: diffID, offset: offset, length: length, compression: compression, limits: limits, blob: blob,
                    room: descriptors.count > 1 ? (descriptors[1], place) : nil))
        case .cancelJob(let job): try cancelJob(job)
        case .removeLayer(let job, let diffID): try removeLayer(job: job, diffID)
        case .listLayers(let job): try listLayers(job: job)
        case .keepListener(let name): listeners[name] = descriptors.first
        case .freeze(let id): freeze(id)
        case .thaw(let id): thaw(id)
        case .listens(let id): try programListens(id)
        }
    }

    /// The other side closed, or broke the rules. A daemon of ours is ended, and what follows its end does the rest.
    private func clientGone() throws(SystemCallError) {
        try disconnect()
        try endEveryInstance()
        switch daemonState {
        case .attached, .none, .waitingToStart:
            isStopping = true
            exitStatus = 0
        case .running(let process, _): if !isStopping { try process.descriptor.signal(SIGKILL) }
        }
    }

    func received(_ signal: CInt) throws(SystemCallError) {
        // Files to be read again, which is the daemon's business alone. Where a client holds the launcher, it is the end of the terminal.
        if signal == SIGHUP, daemon != nil {
            if case .running(let process, _) = daemonState { try process.descriptor.signal(SIGHUP) }
            return
        }
        if signal == SIGUSR2 { return try upgrade() }
        isStopping = true
        // Who connects from now on is refused, and need not wait for nothing.
        listeners = [:]
        switch daemonState {
        case .running(let process, _):
            try process.descriptor.signal(signal)
            after(milliseconds: Self.daemonStopTime, .endDaemon)
        case .attached, .none, .waitingToStart:
            exitStatus = 0
            try endEveryInstance()
        }
    }

    /// Milliseconds that the daemon has to drain after it was told to stop; its own limits for calls, instances and answers stay below it.
    static let daemonStopTime: UInt64 = 60_000

    /// The daemon was told to stop and has not: whatever hangs in it, the host ends.
    func endDaemon() throws(SystemCallError) {
        guard case .running(let process, _) = daemonState else { return }
        log("the daemon has not stopped within \(Self.daemonStopTime / 1000) s and is killed")
        try process.descriptor.signal(SIGKILL)
    }

    /// Sends an event, or queues it; without a daemon it is dropped, as are its descriptors.
    func tell(_ event: LauncherEvent, _ descriptors: [Descriptor.Box] = []) throws(SystemCallError) {
        guard let connection else { return }
        do { try connection.send(event, descriptors) } catch  where error.errno == EPIPE || error.errno == ECONNRESET { return }
        try watchQueue(connection)
    }

    /// Milliseconds after which it is tried again where the kernel had no room for a message.
    private static let roomPause: UInt64 = 10

    /// Sends what waits.
    func tellDaemon() throws(SystemCallError) { if let connection { try flush(connection) } }

    private func flush(_ connection: DaemonConnection) throws(SystemCallError) {
        do { try connection.flush() } catch  where error.errno == EPIPE || error.errno == ECONNRESET { return }
        try watchQueue(connection)
    }

    private func watchQueue(_ connection: DaemonConnection) throws(SystemCallError) {
        if connection.isOverflowing {
            log("the daemon does not read its messages")
            return try clientGone()
        }
        if connection.lacksRoom, !deadlines.contains(where: { if case .tellDaemon = $0.action { true } else { false } }) {
            after(milliseconds: Self.roomPause, .tellDaemon)
        }
        let waits = connection.hasQueued && !connection.lacksRoom
        if waits != isWaitingToWrite {
            isWaitingToWrite = waits
            try poller.change(connection.socket.number, token: Self.token(.daemonSocket, 0), alsoWritable: isWaitingToWrite)
        }
    }
}
