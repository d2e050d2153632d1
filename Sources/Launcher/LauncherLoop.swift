// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc
import LinuxSystem
import Sandbox

/// The one loop of the launcher. It waits in one place only, for all descriptors and the next deadline, so nothing that an instance, an unpacker
/// or the daemon does, or does not do, holds up the others.
final class LauncherLoop {
    /// What a ready descriptor belongs to; the upper half of its token.
    enum Source: UInt64 {
        case daemonSocket = 1
        case signals, daemonProcess, instanceStatus, instanceProcess, instanceListener, jobComplaints, jobProcess, memoryPressure,
            uplinkFilter, mold, instanceOutOfMemory, aheadNews, aheadProcess, upgradeQuestion
    }

    /// What waits for a moment; the earliest is looked for in a small array.
    struct Deadline {
        enum Action {
            case kill(UInt32)
            case limitProcessor(UInt32)
            case finish(UInt32, attempt: Int)
            case checkMemory(UInt32, attempt: Int)
            case startDaemon
            case endDaemon
            case tellDaemon
            case endJob(UInt32)
            case endRecording(UInt32)
            case startAhead
            case endQuestion

            /// The number of the instance that it is for.
            var instance: UInt32? {
                switch self {
                case .kill(let number), .limitProcessor(let number), .finish(let number, _), .checkMemory(let number, _),
                    .endRecording(let number):
                    number
                case .startDaemon, .endDaemon, .tellDaemon, .endJob, .startAhead, .endQuestion: nil
                }
            }
        }
        var time: UInt64
        var action: Action
    }

    enum DaemonState {
        case none
        /// A client that somebody else started holds the other end (tests).
        case attached
        case running(process: Descriptor.Box, since: UInt64)
        case waitingToStart
    }

    static let instanceLimit = 10_000
    /// Layers that are unpacked at once: those that are here, and those that come by a pipe. Whoever sends may be slow, and holds up none that is here.
    static let jobLimits = (files: 4, pipes: 15)

    let poller: Poller
    let signals: SignalReader
    let starter: InstanceStarter
    let state: StateDirectory
    let daemon: DaemonCommand?
    let null: Descriptor
    let tools: UnpackTools?
    let trash: Trash
    let pressure: MemoryPressure?
    /// nil where files cannot be read ahead here.
    let aheadTools: ReadAheadTools?
    /// nil while files are not read ahead; the other is one that has ended, until it is reaped.
    var ahead: ReadAheadHelper?
    var aheadGone: ReadAheadHelper?
    var aheadPace = RestartPace()
    var connection: DaemonConnection?
    var isWaitingToWrite = false
    var daemonState = DaemonState.none
    var daemonStatus: Descriptor.Box?
    var daemonSteps: [String] = []
    var restarts = 0
    /// What the daemon listens on, held so that connections wait for the next daemon where one has ended.
    var listeners: [ListenerName: Descriptor.Box] = [:]
    /// The daemon was told to give way to the next one.
    var isUpgrading = false
    /// The next daemon's program while it is asked whether it can be that.
    var upgradeQuestion: UpgradeQuestion?
    var isStopping = false
    var exitStatus: CInt?

    var instances: [UInt32: Instance] = [:]
    var numbers: [InstanceID: UInt32] = [:]
    var jobs: [UInt32: UnpackJob] = [:]
    var waitingOrders: [UnpackOrder] = []
    /// Instances to be parked when no request waits.
    var waitingParks: [InstanceSpec] = []
    var nextNumber: UInt32 = 1
    var deadlines: [Deadline] = []
    /// Running instances that are to be frozen in the next quiet moments.
    var toFreeze: Set<UInt32> = []
    /// Nothing is prepared or tidied before this moment, so that it never delays a request.
    var quietUntil: UInt64 = 0

    init(
        starter: InstanceStarter, state: StateDirectory, daemon: DaemonCommand?, null: consuming Descriptor,
        tools: UnpackTools?, aheadTools: ReadAheadTools?,
        signals: consuming SignalReader
    ) throws(SystemCallError) {
        poller = try Poller()
        self.signals = signals
        self.starter = starter
        self.state = state
        self.daemon = daemon
        self.null = null
        self.tools = tools
        self.aheadTools = aheadTools
        trash = try Trash(folder: state.trash, seed: monotonicNanoseconds())
        pressure = MemoryPressure()
        if let pressure { try poller.addUrgent(pressure.descriptor.number, token: Self.token(.memoryPressure, 0)) }
        for filter in starter.networks.uplink?.filters ?? [] { try poller.add(filter.process.number, token: Self.token(.uplinkFilter, 0)) }
        if let mold = starter.mold { try poller.add(mold.process.number, token: Self.token(.mold, 0)) }
        try poller.add(self.signals.descriptor.number, token: Self.token(.signals, 0))
    }

    static func token(_ source: Source, _ number: UInt32) -> UInt64 { source.rawValue << 32 | UInt64(number) }

    /// - Returns: the status to exit with, when the daemon has ended as it was told and no instance is left.
    func run() throws(SystemCallError) -> CInt {
        try startAhead()
        while true {
            try watchAheadOrders()
            let ready = try poller.wait(milliseconds: patience())
            for event in ready {
                guard let source = Source(rawValue: event.token >> 32) else { continue }
                try handle(source, UInt32(truncatingIfNeeded: event.token), event)
            }
            try runDeadlines()
            if let exitStatus, instances.isEmpty, jobs.isEmpty, !isDaemonRunning {
                try starter.dropAllLeft()
                return exitStatus
            }
            guard ready.isEmpty else { continue }
            if !waitingParks.isEmpty { try parkOne() } else if monotonicNanoseconds() >= quietUntil { try useQuietMoment() }
        }
    }

    var isDaemonRunning: Bool { if case .running = daemonState { true } else { false } }

    private func handle(_ source: Source, _ number: UInt32, _ event: Poller.Ready) throws(SystemCallError) {
        switch source {
        case .daemonSocket: try daemonSocketReady(writable: event.writable)
        case .signals: while let signal = signals.next() { try received(signal) }
        case .daemonProcess: try daemonEnded()
        case .instanceStatus: try instanceStatusReady(number)
        case .instanceProcess: try instanceGone(number)
        case .instanceListener: try listenerReady(number, hungUp: event.hungUp && !event.readable)
        case .jobComplaints: try jobWrote(number)
        case .jobProcess: try jobEnded(number)
        case .memoryPressure:
            try starter.dropLeft(at: .max)
            starter.blanks.demand.pressure(at: monotonicNanoseconds())
            try starter.dropBlanks()
            try tell(.memoryPressure)
        case .uplinkFilter: try uplinkLost()
        // Somebody has killed it, and nothing can be started any more: whoever watches over the launcher starts all anew.
        case .mold: throw SystemCallError(call: "go on without the mold", errno: ECHILD)
        case .aheadNews: try aheadTold()
        case .aheadProcess: try aheadEnded()
        case .upgradeQuestion: try questionAnswered()
        case .instanceOutOfMemory: try outOfMemory(number)
        }
    }

    func newNumber() -> UInt32 {
        defer { nextNumber &+= 1 }
        return nextNumber
    }

    func log(_ words: String) { writeToStandardError("swiftlet-launcher: \(words)") }
}

extension LauncherLoop {
    func after(milliseconds: UInt64, _ action: Deadline.Action) {
        deadlines.append(Deadline(time: monotonicNanoseconds() + milliseconds * 1_000_000, action: action))
    }

    private var hasQuietWork: Bool {
        !isStopping && (starter.networks.wantsMore || starter.users?.wantsMore ?? false) || starter.users?.hasBirths ?? false
            || trash.hasWork(isUsed) || !toFreeze.isEmpty || !starter.blanks.ending.isEmpty
            || !isStopping && starter.blanks.isOff(at: monotonicNanoseconds())
    }

    /// Whether an instance has this tree in its root.
    private func isUsed(_ tree: Digest) -> Bool { instances.values.contains { $0.layers.contains(tree) } }

    /// Milliseconds until something is due; nil where only a descriptor can wake the loop.
    private func patience() -> Int? {
        var time = deadlines.lazy.map(\.time).min()
        if hasQuietWork { time = min(time ?? .max, quietUntil) }
        if let end = starter.nextEnd { time = min(time ?? .max, max(end, quietUntil)) }
        if !waitingParks.isEmpty { return 0 }
        guard let time else { return nil }
        let now = monotonicNanoseconds()
        return time <= now ? 0 : Int(clamping: (time - now + 999_999) / 1_000_000)
    }

    private func runDeadlines() throws(SystemCallError) {
        if deadlines.isEmpty { return }
        let now = monotonicNanoseconds()
        guard deadlines.contains(where: { $0.time <= now }) else { return }
        let due = deadlines.filter { $0.time <= now }
        deadlines.removeAll { $0.time <= now }
        for deadline in due {
            switch deadline.action {
            case .kill(let number): try instances[number]?.process.signal(SIGKILL)
            case .limitProcessor(let number): try limitProcessor(number)
            case .finish(let number, let attempt): try finish(number, attempt: attempt)
            case .checkMemory(let number, let attempt): try checkMemory(number, attempt: attempt)
            case .startDaemon: try startDaemon()
            case .endDaemon: try endDaemon()
            case .tellDaemon: try tellDaemon()
            case .endRecording(let number): endRecording(number, keeps: true)
            case .startAhead: try startAhead()
            case .endQuestion: try upgradeQuestion?.process.signal(SIGKILL)
            case .endJob(let number): try endJob(number)
            }
        }
    }

    private func useQuietMoment() throws(SystemCallError) {
        try starter.dropLeft(at: monotonicNanoseconds())
        if !isStopping, starter.networks.wantsMore { return try starter.networks.prepareOne() }
        if !isStopping, let users = starter.users, users.wantsMore { return try users.prepareOne() }
        if !isStopping, starter.blanks.isOff(at: monotonicNanoseconds()) { return try adjustBlanks() }
        if !toFreeze.isEmpty { return freezeOne() }
        if !starter.blanks.ending.isEmpty {
            starter.tidyBlanks()
            if !starter.blanks.ending.isEmpty { quietUntil = monotonicNanoseconds() + 1_000_000 }
        }
        if let users = starter.users, users.hasBirths {
            try users.tidy()
            if users.hasBirths { quietUntil = monotonicNanoseconds() + 1_000_000 }
        }
        if trash.hasWork(isUsed) { do { try trash.removeSome(isUsed) } catch { log("removing an old layer: \(error)") } }
    }

    /// Nobody waits for one that is nobody's yet, so it takes its turn behind whatever else wants the processors.
    private func adjustBlanks() throws(SystemCallError) {
        do {
            try OwnProcess.atOrdinaryPriority { () throws(SystemCallError) in try starter.adjustBlanks(at: monotonicNanoseconds()) }
        } catch {
            log("no sandbox is made ahead of need for a while: \(error)")
            starter.blanks.demand.pressure(at: monotonicNanoseconds())
        }
    }
}
