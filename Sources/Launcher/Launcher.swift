// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem
import Sandbox

/// The launcher from its first to its last moment: root, one thread.
public enum Launcher {
    /// - Parameter arguments: the program's own name first.
    /// - Returns: the status to exit with.
    /// - Throws: ``LauncherRefusal`` or `SystemCallError`, in words for the operator.
    public static func run(_ arguments: [String]) throws -> CInt {
        let options = try LauncherOptions(Array(arguments.dropFirst()))
        guard geteuid() == 0 else {
            throw LauncherRefusal("it must be started as root: sandboxes are made of namespaces, mounts and cgroups")
        }
        if try !SealedCopy.isRunning() { try SealedCopy.execute(arguments) }
        try OwnProcess.forbidInspection()
        try OwnProcess.setName("swiftlet-launch")
        // It works for microseconds while a request waits; behind busy functions each of its turns would wait for a slice of theirs.
        OwnProcess.raisePriority()

        // Low numbers are taken, so that a child can set up 0 to 5 without treading on a descriptor of ours.
        let client = try options.client.map { number throws(SystemCallError) in try raise(number) }
        let (unpacker, inflater) = (try raise(program: options.sealedUnpacker), try raise(program: options.sealedInflater))
        let mold = Descriptor(owning: try raise(program: options.sealedMold))
        try occupyLowNumbers()
        let signals = try SignalReader([SIGTERM, SIGINT, SIGHUP, SIGUSR2, SIGPIPE])
        umask(0o022)

        let user = try daemonUser(options.user)
        // The launcher leaves it, but the daemon is there, and the way out of instances.
        let hostNetwork = Descriptor.Box(try openAt(currentDirectory, "/proc/self/ns/net", flags: O_RDONLY))
        let daemon = try options.daemon.first.map { program in
            DaemonCommand(
                program: try openAt(currentDirectory, program, flags: O_RDONLY), arguments: options.daemon, user: user,
                network: try hostNetwork.descriptor.duplicate())
        }
        // Our mounts are nobody else's, and go with us; what the host mounts and unmounts still shows here.
        try unshareNamespaces(Namespaces.mount)
        try mount("none", on: "/", type: nil, flags: UInt(MS_REC) | UInt(MS_SLAVE), data: nil)
        let state = try StateDirectory(path: options.stateDirectory, owner: user)
        try state.enterRun()

        let layout = try cgroupLayout()
        let cgroups = try CgroupTree(layout: layout, name: state.cgroupName)
        try cgroups.removeLeftovers()
        try removeUnfinishedLayers(state)
        for place in ["root", "frame"] + InstancePlan.frame { try makeDirectory(currentDirectory, place, mode: 0o700) }

        let null = try openAt(currentDirectory, "/dev/null", flags: O_RDWR)
        let networks = try NetworkNamespaces(wanted: 4, socketsEach: LauncherLoop.socketsAtStart)
        let roots = try RootTrees(layersFolder: try openDirectory(state.root.number, "layers"))
        let starter = InstanceStarter(
            trees: try HostTrees(), files: try InstanceFiles(), roots: roots, networks: networks,
            users: try userNamespaces(options.userNamespaces, roots, seed: state.cgroupName), cgroups: cgroups,
            filters: try InstanceFilters(),
            null: try null.duplicate(), blanks: options.blanks)
        let tools =
            unpacker < 0
            ? nil
            : try UnpackTools(
                unpacker: Descriptor.Box(Descriptor(owning: unpacker)),
                inflater: inflater < 0 ? nil : Descriptor.Box(Descriptor(owning: inflater)))
        if options.internetAccess {
            networks.uplink = try InternetUplink(
                host: hostNetwork, home: networks.home, name: state.cgroupName,
                nameServers: try NameServers.find(options.nameServers), starter: starter)
        }
        try starter.use(try Mold(mold, capabilities: UInt64(InstanceCapabilities.all.rawValue)))
        let aheadTools = readAhead(state)
        // What no child may ever have is given up once, here, instead of in every start.
        try OwnProcess.boundCapabilities(
            to: UInt64(InstanceCapabilities.all.rawValue) | UnpackPlan.capabilities | ReadAheadPlan.capabilities)

        let loop = try LauncherLoop(
            starter: starter, state: state, daemon: daemon, null: null, tools: tools,
            aheadTools: aheadTools, signals: signals)
        if let client { try loop.attach(Descriptor(owning: client)) } else { try loop.startDaemon() }
        let status = try loop.run()
        try networks.uplink?.cut()
        try cgroups.removeRoots(layout: layout, name: state.cgroupName)
        return status
    }

    /// A host that cannot read ahead goes on without.
    private static func readAhead(_ state: StateDirectory) -> ReadAheadTools? {
        do { return try ReadAheadTools(state) } catch {
            writeToStandardError("swiftlet-launcher: files are not read ahead: \(error)")
            return nil
        }
    }

    private static func userNamespaces(_ use: UserNamespaceUse, _ roots: RootTrees, seed: String) throws -> UserNamespaces? {
        if use == .never { return nil }
        let users = UserNamespaces(seed: seed)
        let reason: String
        do {
            let one = try users.take()
            defer { users.giveBack(one) }
            if try roots.canMapOwners(to: one) { return users }
            reason = "idmapped mounts need Linux 5.19 and ext4, xfs, btrfs or tmpfs below --state-dir"
        } catch { reason = "\(error)" }
        if use == .always {
            throw LauncherRefusal("instances cannot have user namespaces here (\(reason)); --user-namespaces never does without")
        }
        writeToStandardError(
            "swiftlet-launcher: instances have no user namespaces here (\(reason)): root in an image has root's number on the host."
                + " --user-namespaces never silences this, always refuses to start so")
        return nil
    }

    private static func raise(_ number: CInt) throws(SystemCallError) -> CInt {
        let raised = try systemCall("fcntl descriptor \(number)") { fcntl(number, F_DUPFD_CLOEXEC, InstancePlan.firstFreeDescriptor) }
        if number > 2 { close(number) }
        return raised
    }

    /// -1 where there is no such program.
    private static func raise(program number: CInt?) throws(SystemCallError) -> CInt {
        guard let number, number >= 0 else { return -1 }
        return try raise(number)
    }

    private static func occupyLowNumbers() throws(SystemCallError) {
        while true {
            let number = try systemCall("open /dev/null") { open("/dev/null", O_RDWR | O_CLOEXEC) }
            if number >= InstancePlan.firstFreeDescriptor {
                close(number)
                return
            }
        }
    }

    /// The host's own files are read by us: the C library would load modules for it, which a static program cannot.
    private static func daemonUser(_ name: String?) throws -> ImageUser {
        let passwd = try openAt(currentDirectory, "/etc/passwd", flags: O_RDONLY).readAll(limit: 1 << 24) ?? []
        let group = try openAt(currentDirectory, "/etc/group", flags: O_RDONLY).readAll(limit: 1 << 24) ?? []
        if let name {
            do { return try ImageUser(name, passwd: passwd, group: group) } catch {
                throw LauncherRefusal("--user: " + error.description.replacing("the image's ", with: "", maxReplacements: 1))
            }
        }
        return try (try? ImageUser("swiftlet", passwd: passwd, group: group)) ?? ImageUser("nobody", passwd: passwd, group: group)
    }

    private static func cgroupLayout() throws -> CgroupLayout {
        let mounts = try openAt(currentDirectory, "/proc/self/mounts", flags: O_RDONLY).readAll(limit: 1 << 24) ?? []
        let layout = CgroupLayout(mounts: String(decoding: mounts, as: UTF8.self)) { path in
            guard let file = try? openAt(currentDirectory, path + "/cgroup.controllers", flags: O_RDONLY),
                let bytes = try? file.readAll(limit: 4096)
            else { return "" }
            return String(decoding: bytes, as: UTF8.self)
        }
        guard layout.missing.isEmpty else {
            let names = layout.missing.map(\.rawValue).joined(separator: ", ")
            throw LauncherRefusal(
                "no cgroup controller for \(names) is mounted: mount cgroup2 on /sys/fs/cgroup, or start the kernel with them enabled")
        }
        return layout
    }

    private static func removeUnfinishedLayers(_ state: StateDirectory) throws(SystemCallError) {
        for name in try directoryEntries(state.layers) where name.hasPrefix(".tmp-") {
            try rename(state.layers.number, name, to: state.trash.number, "old\(monotonicNanoseconds())\(name)")
        }
        try removeTree(currentDirectory, "trees")
    }
}
