// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc
import LinuxSystem
import Sandbox

/// A plan in the form that the C step runner walks. It owns the memory that the C structures point to; the child has its own copy of it.
struct StepProgram: ~Copyable {
    private var steps: [clinux_step] = []
    private var texts: [UnsafeMutablePointer<CChar>] = []
    private var lists: [UnsafeMutablePointer<UnsafePointer<CChar>?>] = []
    private var numbers: [UnsafeMutablePointer<UInt32>] = []

    /// - Parameter filter: what `.filter` steps load; it must outlive the spawn.
    init(_ plan: [SetupStep], filter: borrowing SeccompFilter) {
        steps.reserveCapacity(plan.count)
        for step in plan { append(step, filter: filter) }
    }

    deinit {
        for text in texts { free(text) }
        for list in lists { list.deallocate() }
        for number in numbers { number.deallocate() }
    }

    /// A child in new namespaces that walks the steps.
    ///
    /// - Parameter mold: what it is cloned from; nil for this process.
    /// - Returns: its pidfd.
    func spawn(namespaces: CInt, cgroup: CInt, status: CInt, from mold: Mold? = nil) throws(SystemCallError) -> Descriptor {
        var pidfd: CInt = -1
        let flags = UInt64(UInt32(bitPattern: namespaces))
        if let mold { return try mold.spawn(steps, flags: flags, cgroup: cgroup, status: status) }
        try systemCall("clone3") { clinux_spawn(flags, cgroup, &pidfd, steps, Int32(steps.count), status) }
        return Descriptor(owning: pidfd)
    }

    /// Has a child go on that waits for the rest of its steps.
    func goOn(_ child: Descriptor.Box, from mold: Mold) throws(SystemCallError) { try mold.goOn(child.number, steps) }

    private mutating func append(_ step: SetupStep, filter: borrowing SeccompFilter) {
        switch step {
        case .ownSession: add(CLINUX_SESSION)
        case .joinCgroup(let tasks, _): add(CLINUX_WRITE_DESCRIPTOR, fd: tasks, text: "0")
        case .unshare(let flags, _): add(CLINUX_UNSHARE, flags: UInt64(UInt32(bitPattern: flags)))
        case .enterNetwork(let descriptor): add(CLINUX_SETNS, fd: descriptor, flags: UInt64(Namespaces.network))
        case .detachFromHostMounts: add(CLINUX_PROPAGATION, flags: 1 << 19)  // MS_SLAVE: what the host unmounts goes here too.
        case .attach(let tree, let path): add(CLINUX_ATTACH_MOUNT, fd: tree, path: path)
        case .newMount(let type, let options, let attributes, let path):
            add(CLINUX_NEW_MOUNT, flags: attributes.rawValue, path: path, text: type, list: options.flatMap { [$0.key, $0.value] })
        case .oldMount(let type, let options, let flags, let path): add(CLINUX_MOUNT, flags: flags, path: path, text: type, list: [options])
        case .cover(let source, let path): add(CLINUX_COVER, path: path, text: source)
        case .protect(let path, let attributes): add(CLINUX_PROTECT, flags: attributes.rawValue, path: path)
        case .hold(let path, let number): add(CLINUX_HOLD_MOUNT, flags: UInt64(number), path: path)
        case .makePath(let path): add(CLINUX_MAKE_PATH, path: path)
        case .changeFolder(let path): add(CLINUX_CHDIR, path: path)
        case .pivot: add(CLINUX_PIVOT)
        case .detachOldRoot: add(CLINUX_DETACH_OLD_ROOT)
        case .awaitDetached: add(CLINUX_AWAIT_DETACHED)
        case .hostName(let name): add(CLINUX_HOSTNAME, text: name)
        case .duplicate(let descriptor, let number, let keep):
            add(CLINUX_DUPLICATE, fd: descriptor, flags: UInt64(number), value: keep ? 0 : 1)
        case .startProgram(let report, let users): add(CLINUX_START_PROGRAM, fd: report, flags: UInt64(users ?? 0))
        case .closeFrom(let number): add(CLINUX_CLOSE_FROM, flags: UInt64(number))
        case .ordinaryPriority: add(CLINUX_ORDINARY_PRIORITY)
        case .raisedPriority(let niceness): add(CLINUX_RAISED_PRIORITY, text: "\(niceness)")
        case .ownKeyring: add(CLINUX_KEYRING)
        case .limit(let limit, let value): add(CLINUX_LIMIT, flags: limit.rawValue, value: value)
        case .umask(let mask): add(CLINUX_UMASK, flags: UInt64(mask))
        case .write(let text, let path): add(CLINUX_WRITE_FILE, path: path, text: text)
        case .resetSignals: add(CLINUX_RESET_SIGNALS)
        case .dieWithParent: add(CLINUX_DEATH_SIGNAL, flags: UInt64(SIGKILL))
        case .enterUsers(let users): add(CLINUX_ENTER_USERS, fd: users)
        case .boundCapabilities(let mask): add(CLINUX_BOUND_CAPABILITIES, value: mask)
        case .groups(let groups): add(CLINUX_GROUPS, flags: UInt64(groups.count), groups: groups)
        case .group(let id): add(CLINUX_GROUP, value: UInt64(id))
        case .user(let id): add(CLINUX_USER, value: UInt64(id))
        case .capabilities(let mask): add(CLINUX_CAPABILITIES, value: mask)
        case .noNewPrivileges: add(CLINUX_NO_NEW_PRIVILEGES)
        case .restrictFiles(let rules): add(CLINUX_RESTRICT_FILES, fd: rules)
        case .workingDirectory(let path): add(CLINUX_WORKING_DIRECTORY, path: path)
        case .filter(let reports):
            add(CLINUX_SECCOMP, flags: reports ? 1 : 0, value: UInt64(filter.count))
            steps[steps.count - 1].filter = UnsafeRawPointer(filter.instructions)
        case .tellPrepared: add(CLINUX_TELL_PREPARED)
        case .awaitByte(let descriptor): add(CLINUX_AWAIT, fd: descriptor)
        case .awaitPlan: add(CLINUX_AWAIT_PLAN)
        case .haveReadAhead(let socket, let number):
            add(CLINUX_TELL_NUMBER, fd: socket, flags: UInt64(ReadAheadOrder.readKind), value: UInt64(number))
        case .execute(let candidates, let arguments, let environment):
            add(CLINUX_EXECUTE, list: candidates, arguments: arguments, environment: environment)
        case .executeDescriptor(let descriptor, _, let arguments, let environment):
            add(CLINUX_EXECUTE, fd: descriptor, arguments: arguments, environment: environment)
        }
    }

    private mutating func add(
        _ kind: clinux_step_kind, fd: CInt = -1, flags: UInt64 = 0, value: UInt64 = 0, path: String? = nil, text: String? = nil,
        list: [String]? = nil, arguments: [String]? = nil, environment: [String]? = nil, groups: [UInt32] = []
    ) {
        var step = clinux_step()
        step.kind = CInt(kind.rawValue)
        step.fd = fd
        step.flags = flags
        step.value = value
        step.path = path.map { copy($0) }
        step.text = text.map { copy($0) }
        step.list = list.map { copy($0) }
        step.arguments = arguments.map { copy($0) }
        step.environment = environment.map { copy($0) }
        if !groups.isEmpty {
            let memory = UnsafeMutablePointer<UInt32>.allocate(capacity: groups.count)
            memory.initialize(from: groups, count: groups.count)
            numbers.append(memory)
            step.groups = UnsafePointer(memory)
        }
        steps.append(step)
    }

    private mutating func copy(_ text: String) -> UnsafePointer<CChar> {
        guard let memory = strdup(text) else { preconditionFailure("out of memory") }
        texts.append(memory)
        return UnsafePointer(memory)
    }

    private mutating func copy(_ strings: [String]) -> UnsafePointer<UnsafePointer<CChar>?> {
        let memory = UnsafeMutablePointer<UnsafePointer<CChar>?>.allocate(capacity: strings.count + 1)
        for (index, string) in strings.enumerated() { memory[index] = copy(string) }
        memory[strings.count] = nil
        lists.append(memory)
        return UnsafePointer(memory)
    }
}
