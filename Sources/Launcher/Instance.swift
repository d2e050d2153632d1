// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import LinuxSystem
import Sandbox

/// One instance as the launcher sees it.
final class Instance {
    /// Where it is in its life; each case holds what exists only then.
    enum State {
        /// The steps run. End of file on the socket means that the program was executed.
        case settingUp(status: Descriptor.Box, output: Descriptor.Box, error: Descriptor.Box)
        /// Everything but the program is there; it waits for its trigger, which the daemon has. End of file on the socket means as above.
        case parked(status: Descriptor.Box)
        case running
        /// The program could not be executed; the daemon is told when the process is gone.
        case failed(LaunchFailure)
        /// Every process is gone; the cgroups may need a moment more.
        case ended(InstanceExit)
    }

    let id: InstanceID
    let owner: String
    let port: UInt16
    /// The trees in its root, which stay on disk as long as it lives.
    let layers: [Digest]
    /// The steps that may still fail, and how many are in front of them.
    private var plan: [SetupStep]
    private var stepsDone = 0
    /// Of init. When it is readable, every process of the instance is gone.
    let process: Descriptor
    let report: Descriptor.Box
    let network: NetworkNamespace
    let users: UserNamespace?
    let cgroup: InstanceCgroup
    var state: State
    var listener: Descriptor.Box?
    /// Whether its program waits for the daemon's word.
    let isParked: Bool
    /// What has files read ahead for its program, or finds out which; nil where nothing does, or does any more.
    var reading: ReadAheadUse?
    /// Goes to the daemon when the instance is parked; nil where it starts at once.
    var trigger: Descriptor.Box?
    /// When its first process ran, by ``monotonicNanoseconds()``.
    let cloned = monotonicNanoseconds()
    /// When the step before the last was done; nil until then. The listener itself may be gone again before the end of the steps is seen.
    var filterLoaded: UInt64?
    var isListening = false
    var isProcessorLimited = false
    /// Readable when the kernel is about to end a process of it for want of memory; nil on cgroup v2, and before it is watched.
    var outOfMemory: Descriptor.Box?
    /// That has happened, and all of it was killed.
    var isOutOfMemory = false
    var isStopped = false
    var isFrozen = false

    init(
        spec: InstanceSpec, plan: [SetupStep], process: consuming Descriptor, report: Descriptor.Box, network: NetworkNamespace,
        users: UserNamespace?, cgroup: InstanceCgroup, trigger: Descriptor.Box?, isParked: Bool,
        reading: ReadAheadUse?, state: State
    ) {
        id = spec.id
        owner = spec.owner
        port = spec.port
        layers = spec.layers
        self.plan = plan
        self.process = process
        self.report = report
        self.network = network
        self.users = users
        self.cgroup = cgroup
        self.trigger = trigger
        self.isParked = isParked
        self.reading = reading
        self.state = state
    }
}

extension Instance {
    /// All steps up to the filter are done, and so is what tells of that: a parked instance keeps no more words than it may need.
    func forgetSteps() {
        stepsDone = (plan.lastIndex { if case .filter = $0 { true } else { false } } ?? -1) + 1
        plan.removeFirst(stepsDone)
    }

    func words(_ failure: SetupFailure) -> String {
        failure.words([String](repeating: "a step that was done", count: stepsDone) + plan.map(\.description))
    }

    /// The socket on which the steps tell of themselves, until the program was executed.
    var setUpStatus: Descriptor.Box? {
        switch state {
        case .settingUp(let status, _, _), .parked(let status): status
        case .running, .failed, .ended: nil
        }
    }

    /// Whether sockets may be made in its network.
    var hasNetwork: Bool {
        switch state {
        case .parked, .running: true
        case .settingUp, .failed, .ended: false
        }
    }
}

/// What init wrote before it ended; nil where it wrote nothing, because it was killed itself.
enum ProgramEnd: Hashable, Sendable {
    case exited(Int32)
    case signaled(Int32)

    /// From a report's eight bytes.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == 8 else { return nil }
        let value = bytes[4...7].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        self = bytes[0] == 0 ? .exited(Int32(bitPattern: value)) : .signaled(Int32(bitPattern: value))
    }
}

extension InstanceExit {
    /// - Parameters:
    ///   - end: what init reported.
    ///   - memoryKills: how many processes the kernel killed for want of memory.
    ///   - wasStopped: the daemon had asked for the end, so a kill by us is no surprise.
    init(end: ProgramEnd?, memoryKills: Int, wasStopped: Bool) {
        switch end {
        case .exited(0): self = .exited(status: 0)
        case .exited(let status): self = memoryKills > 0 && !wasStopped ? .outOfMemory : .exited(status: status)
        case .signaled(let signal): self = memoryKills > 0 && signal == 9 ? .outOfMemory : .signaled(signal)
        case nil: self = memoryKills > 0 && !wasStopped ? .outOfMemory : .signaled(9)
        }
    }
}
