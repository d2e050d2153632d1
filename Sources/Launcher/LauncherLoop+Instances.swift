// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc
import LinuxSystem
import Sandbox

extension LauncherLoop {
    /// Sockets that come with `.started`.
    static let socketsAtStart = 2
    /// Milliseconds after which an instance that does not listen gets no more than its share of the processors.
    static let startBoost: UInt64 = 10_000
    /// Nanoseconds after a start in which nothing is prepared or tidied.
    static let quietAfterStart: UInt64 = 20_000_000

    /// - Parameter parks: all but the program is made now, and the daemon gets the trigger.
    func start(_ spec: InstanceSpec, parks: Bool = false) throws(SystemCallError) {
        if !parks {
            let now = monotonicNanoseconds()
            quietUntil = now + Self.quietAfterStart
            starter.blanks.demand.started(at: now)
        }
        if isStopping { return try tell(.failed(spec.id, LaunchFailure(step: "the host is stopping", errno: 0))) }
        if numbers[spec.id] != nil { return try tell(.failed(spec.id, LaunchFailure(step: "the instance id is in use", errno: EEXIST))) }
        if instances.count >= Self.instanceLimit {
            return try tell(.failed(spec.id, LaunchFailure(step: "\(instances.count) instances run, the limit of a host", errno: EAGAIN)))
        }
        let instance: Instance
        do { instance = try starter.start(spec, parks: parks, ahead) } catch { return try tell(.failed(spec.id, error)) }
        let number = newNumber()
        instances[number] = instance
        numbers[spec.id] = number
        if case .settingUp(let status, _, _) = instance.state { try poller.add(status.number, token: Self.token(.instanceStatus, number)) }
        try poller.add(instance.process.number, token: Self.token(.instanceProcess, number))
        if !parks { after(milliseconds: Self.startBoost, .limitProcessor(number)) }
    }

    /// The step runner sent its listener, or a failure; or the socket was closed by execve.
    func instanceStatusReady(_ number: UInt32) throws(SystemCallError) {
        guard let instance = instances[number] else { return }
        var buffer = [UInt8](repeating: 0, count: 64)
        while let status = instance.setUpStatus {
            switch try receiveMessage(status.number, into: &buffer, descriptors: 1) {
            case .nothing, .tooBig: return
            case .message(let bytes, let descriptors):
                let failure = bytes.count == 8 ? SetupFailure(Array(bytes)) : SetupFailure([0, 0, 0, 0, 71, 0, 0, 0])
                if failure.step < 0 {
                    instance.filterLoaded = monotonicNanoseconds()
                    instance.forgetSteps()
                    if let listener = descriptors.first {
                        instance.listener = Descriptor.Box(Descriptor(owning: listener))
                        instance.listener?.descriptor.wakeOnSameProcessor()
                        try poller.add(listener, token: Self.token(.instanceListener, number))
                    }
                    beginRecording(instance)
                    try parked(instance, number)
                } else {
                    for descriptor in descriptors { close(descriptor) }
                    try stopAwaitingStatus(instance)
                    instance.state = .failed(LaunchFailure(step: instance.words(failure), errno: failure.errno))
                    try instance.process.signal(SIGKILL)
                }
            case .end:
                try stopAwaitingStatus(instance)
                if instance.filterLoaded == nil {
                    // Every end of the socket closed before the filter was loaded: the child was killed on the way.
                    instance.state = .failed(LaunchFailure(step: "the instance was killed while it was set up", errno: 0))
                    return
                }
                try executed(instance)
            }
        }
    }

    /// The status of a parked one never is awaited: that its program was executed is news for nobody, and would take a processor from the program.
    func stopAwaitingStatus(_ instance: Instance) throws(SystemCallError) {
        if case .settingUp(let status, _, _) = instance.state { try poller.remove(status.number) }
    }

    private func executed(_ instance: Instance) throws(SystemCallError) {
        defer { instance.state = .running }
        // Who has the trigger has all the rest already.
        guard case .settingUp(_, let output, let error) = instance.state, let mounted = instance.filterLoaded else { return }
        let sockets = try instance.network.sockets(Self.socketsAtStart).map { Descriptor.Box(Descriptor(owning: $0)) }
        try tell(.started(instance.id, SetUpTimes(cloned: instance.cloned, mounted: mounted)), [output, error] + sockets)
    }

    /// Somebody in the instance calls listen(2). It is always let through; the first on the instance's port is told.
    func listenerReady(_ number: UInt32, hungUp: Bool) throws(SystemCallError) {
        guard let instance = instances[number], let listener = instance.listener else { return }
        if hungUp {
            try instanceStatusReady(number)
            try poller.remove(listener.number)
            instance.listener = nil
            return
        }
        let notification: SeccompNotification?
        do { notification = try listener.descriptor.receiveNotification() } catch  where error.errno == EINTR || error.errno == EAGAIN {
            return
        }
        guard let notification else { return }
        let port = instance.isListening ? nil : listeningPort(notification)
        try listener.descriptor.letContinue(notification)
        sched_yield()  // The program goes on at once, where it waits for this processor; a request waits for it.
        try instanceStatusReady(number)  // `.started` comes before `.listening`, in whatever order the descriptors woke us.
        // Only an executed program listens, so this is news of that too, and may be the first.
        if instance.setUpStatus != nil {
            try stopAwaitingStatus(instance)
            try executed(instance)
        }
        if !instance.isListening, port == nil || port == instance.port, case .running = instance.state {
            instance.isListening = true
            try tell(.listening(instance.id))
            endRecordingSoon(instance, number)
            after(milliseconds: 1, .limitProcessor(number))  // The request that waits for it comes first.
        }
    }

    /// What the filter would have told of an instance that has it not reported.
    func programListens(_ id: InstanceID) throws(SystemCallError) {
        guard let number = numbers[id], let instance = instances[number] else { return }
        try instanceStatusReady(number)  // That the program was executed is news here.
        guard case .running = instance.state else { return }
        instance.isListening = true
        endRecordingSoon(instance, number)
        try limitProcessor(number)
    }

    /// nil where it cannot be told, for example because a thread without its own descriptors asks on an old kernel.
    private func listeningPort(_ notification: SeccompNotification) -> UInt16? {
        guard let process = try? openProcess(notification.process),
            let socket = try? process.takeDescriptor(CInt(truncatingIfNeeded: notification.firstArgument))
        else { return nil }
        return socket.localPort()
    }

    func limitProcessor(_ number: UInt32) throws(SystemCallError) {
        guard let instance = instances[number], !instance.isProcessorLimited else { return }
        switch instance.state {
        case .ended: return
        case .parked:
            try instanceStatusReady(number)  // It may run already, and needs its time then.
            return after(milliseconds: Self.startBoost, .limitProcessor(number))
        case .settingUp, .running, .failed: break
        }
        instance.isProcessorLimited = true
        do { try instance.cgroup.limitProcessor() } catch { log("instance \(instance.id): \(error)") }
        do {
            guard let watch = try instance.cgroup.watchOutOfMemory() else { return }
            try poller.add(watch.number, token: Self.token(.instanceOutOfMemory, number))
            instance.outOfMemory = watch
        } catch { return log("instance \(instance.id): \(error)") }
        // One may have been killed before anybody was told.
        try checkMemory(number, attempt: Self.memoryChecks)
    }

    /// How often, a millisecond apart, it is looked whether the kernel has killed a process, as it said it was about to.
    private static let memoryChecks = 50

    /// The kernel is about to end a process for want of memory, here or in another cgroup below the one that has no more: it says so to all of them.
    func outOfMemory(_ number: UInt32) throws(SystemCallError) {
        guard let instance = instances[number], let watch = instance.outOfMemory else { return }
        var count: UInt64 = 0
        // Nothing there is no news; what cannot be read is told once more.
        _ = withUnsafeMutableBytes(of: &count) { Glibc.read(watch.number, $0.baseAddress, $0.count) }
        try checkMemory(number, attempt: 0)
    }

    /// Where it ends one process of an instance, all of it goes.
    func checkMemory(_ number: UInt32, attempt: Int) throws(SystemCallError) {
        guard let instance = instances[number], !instance.isOutOfMemory, instance.outOfMemory != nil else { return }
        if instance.cgroup.outOfMemoryKills() > 0 {
            instance.isOutOfMemory = true
            try instance.process.signal(SIGKILL)
        } else if attempt < Self.memoryChecks {
            after(milliseconds: 1, .checkMemory(number, attempt: attempt + 1))
        }
    }

    func openSockets(_ request: UInt64, _ id: InstanceID, count: Int) throws(SystemCallError) {
        var sockets: [Descriptor.Box] = []
        if let number = numbers[id], let instance = instances[number], instance.hasNetwork {
            do { sockets = try instance.network.sockets(count).map { Descriptor.Box(Descriptor(owning: $0)) } } catch {
                log("sockets for \(id): \(error)")
            }
        }
        try tell(.sockets(number: request), sockets)
    }

    func stop(_ id: InstanceID, graceMilliseconds: UInt32) throws(SystemCallError) {
        guard let number = numbers[id], let instance = instances[number] else { return }
        instance.isStopped = true
        toFreeze.remove(number)
        thaw(instance)
        if graceMilliseconds == 0 { return try instance.process.signal(SIGKILL) }
        try instance.process.signal(SIGTERM)
        after(milliseconds: UInt64(graceMilliseconds), .kill(number))
    }

    /// Process 1 is gone, and with it every process of the instance.
    func instanceGone(_ number: UInt32) throws(SystemCallError) {
        try instanceStatusReady(number)  // What it said before it went comes first.
        guard let instance = instances[number], try instance.process.reap() != nil else { return }
        try poller.remove(instance.process.number)
        endRecording(number, keeps: instance.isListening)
        if let listener = instance.listener { try poller.remove(listener.number) }
        instance.listener = nil
        if let watch = instance.outOfMemory { try poller.remove(watch.number) }
        instance.outOfMemory = nil
        if case .parked = instance.state { instance.state = .running }
        if instance.setUpStatus != nil {
            try stopAwaitingStatus(instance)
            instance.state = .failed(LaunchFailure(step: "the instance was killed while it was set up", errno: 0))
        }
        if case .running = instance.state {
            let report = try instance.report.descriptor.readAll(limit: 64) ?? []
            let kills = max(instance.cgroup.outOfMemoryKills(), instance.isOutOfMemory ? 1 : 0)
            instance.state = .ended(InstanceExit(end: ProgramEnd(report), memoryKills: kills, wasStopped: instance.isStopped))
        }
        try finish(number, attempt: 0)
    }

    /// Removes the cgroups and tells the daemon. A process leaves its cgroup a moment after its end can be seen, so this may take some attempts.
    func finish(_ number: UInt32, attempt: Int) throws(SystemCallError) {
        guard let instance = instances[number] else { return }
        if try !leave(instance), attempt < 1000 { return after(milliseconds: 1, .finish(number, attempt: attempt + 1)) }
        if attempt >= 1000 { log("the cgroup of \(instance.id) is busy and stays until the next start") }
        instances[number] = nil
        toFreeze.remove(number)
        numbers[instance.id] = nil
        deadlines.removeAll { $0.action.instance == number }
        if let users = instance.users { starter.users?.giveBack(users) }
        do { try starter.files.remove(instance.id) } catch { log("the files of \(instance.id) stay until the host stops: \(error)") }
        switch instance.state {
        case .failed(let failure): try tell(.failed(instance.id, failure))
        case .ended(let exit):
            starter.networks.giveBack(instance.network, of: instance.owner)
            try tell(.exited(instance.id, exit))
        case .settingUp, .parked, .running: break
        }
    }

    /// - Returns: false where its cgroup is to be removed, and a dying process still holds it.
    private func leave(_ instance: Instance) throws(SystemCallError) -> Bool {
        if case .ended = instance.state, try starter.cgroups.giveBack(instance.cgroup, of: instance.owner) { return true }
        return try instance.cgroup.remove()
    }

    /// An `nft` has ended, and its rules with it: without them nobody may go out.
    func uplinkLost() throws(SystemCallError) {
        guard let uplink = starter.networks.uplink else { return }
        for filter in uplink.filters { try poller.remove(filter.process.number) }
        log("nft has ended: instances have no internet access until the host is started anew")
        starter.networks.forgetUplink()
        try uplink.cut()
    }

    /// The daemon is gone, or the launcher stops.
    func endEveryInstance() throws(SystemCallError) {
        for instance in instances.values {
            instance.isStopped = true
            try instance.process.signal(SIGKILL)
        }
        waitingOrders = []
        waitingParks = []
        for job in jobs.values {
            job.isOrphan = true
            try job.kill()
        }
    }
}
