// SPDX-License-Identifier: Apache-2.0
import LinuxSystem
import Sandbox

/// What a sandbox has before it is anyone's, and the steps that make it. Those may have been walked ahead of need: then it is a blank one, whose process
/// waits for the rest.
final class Groundwork {
    let users: UserNamespace?
    let cgroup: InstanceCgroup
    /// Ours of the two ends of the socket on which the steps tell of themselves.
    let status: Descriptor.Box
    /// What is done, or is to be done, before the first step that is for one instance.
    private(set) var steps: [SetupStep]
    /// nil until it was born, and again when an instance has it.
    private var process: Descriptor?
    /// The other end, until the child has it. Any child that this process makes besides would keep it open for as long as it lives.
    private(set) var childStatus: Descriptor.Box?
    /// What the steps name by number, until they are walked.
    private var trees: [Descriptor.Box]

    init(
        users: UserNamespace?, cgroup: InstanceCgroup, devices: Descriptor.Box, emptyFolder: Descriptor.Box, hidden: [HiddenPath]
    )
        throws(SystemCallError)
    {
        let sockets = try MessageSocketPair()
        (status, childStatus) = (sockets.one, sockets.other)
        self.users = users
        self.cgroup = cgroup
        trees = [devices, emptyFolder]
        steps = InstancePlan.sandbox(
            with: SandboxResources(
                users: users.map { InstanceUsers(namespace: $0.descriptor.number, first: $0.first) }, devices: devices.number,
                emptyFolder: emptyFolder.number, cgroups: cgroup.tasks.mapValues(\.number), status: sockets.other.number, hidden: hidden))
    }

    var isBorn: Bool { process != nil }

    /// Its process walks what is for anyone, and waits.
    func beBorn(_ process: consuming Descriptor) {
        self.process = consume process
        steps += InstancePlan.waiting
        forget()
    }

    /// What was named by number has been taken.
    func forget() {
        trees = []
        childStatus = nil
        cgroup.closeFiles()
    }

    func takeProcess() -> Descriptor? { process.take() }

    /// Ends it, if it was born.
    func kill() throws(SystemCallError) { try process?.signal(9) }

    /// - Returns: whether its process has ended, or there is none.
    func reap() throws(SystemCallError) -> Bool {
        guard process != nil else { return true }
        guard try process?.reap() != nil else { return false }
        process = nil
        return true
    }

    /// Why it ended, where a step failed.
    func failure() throws(SystemCallError) -> String? {
        var buffer = [UInt8](repeating: 0, count: 64)
        guard case .message(let bytes, _) = try receiveMessage(status.number, into: &buffer, descriptors: 0), bytes.count == 8 else {
            return nil
        }
        return SetupFailure(Array(bytes)).words(steps.map(\.description))
    }
}
