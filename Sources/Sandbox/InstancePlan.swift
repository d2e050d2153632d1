// SPDX-License-Identifier: Apache-2.0
import LinuxSystem

/// What the launcher has at hand for one instance: descriptors by number, all above ``InstancePlan/firstFreeDescriptor``.
public struct InstanceResources: Hashable, Sendable {
    /// A detached tree: the image's layers, read-only, with our empty mount points on top.
    public var root: CInt
    /// Detached trees that are the same for all: `/dev`, read-only, and an empty read-only folder for `/sys`.
    public var devices: CInt
    public var emptyFolder: CInt
    /// Detached trees of single files, by place: `/etc/hosts` and so on.
    public var files: [String: CInt]
    /// Open for writing, by controller.
    public var cgroups: [String: CInt]
    public var network: CInt
    public var standardInput: CInt
    public var standardOutput: CInt
    public var standardError: CInt
    /// Where init tells how the program ended, and where steps tell that they failed.
    public var report: CInt
    public var status: CInt
    public var user: ImageUser
    public var hidden: [HiddenPath]

    public init(
        root: CInt, devices: CInt, emptyFolder: CInt, files: [String: CInt], cgroups: [String: CInt],
        network: CInt, standardInput: CInt, standardOutput: CInt, standardError: CInt, report: CInt, status: CInt, user: ImageUser,
        hidden: [HiddenPath]
    ) {
        self.root = root
        self.devices = devices
        self.emptyFolder = emptyFolder
        self.files = files
        self.cgroups = cgroups
        self.network = network
        self.standardInput = standardInput
        self.standardOutput = standardOutput
        self.standardError = standardError
        self.report = report
        self.status = status
        self.user = user
        self.hidden = hidden
    }
}

/// A place below `/proc` that a function must not read, or not write.
public struct HiddenPath: Hashable, Sendable {
    public enum Way: Hashable, Sendable { case maskFile, maskFolder, readOnly }
    public var path: String
    public var way: Way

    public init(_ path: String, _ way: Way) {
        self.path = path
        self.way = way
    }
}

/// From a spec to the steps that make an instance of it: a pure function.
public enum InstancePlan {
    /// The launcher keeps its descriptors at or above this number, so that the low ones can be set up without treading on one.
    public static let firstFreeDescriptor: CInt = 16

    /// What `clone3` makes new. Network and cgroup namespaces are entered by steps: the first is prepared ahead of time, and the second must be
    /// made after the cgroup was joined, so that the instance sees itself at the top.
    public static let namespaces = Namespaces.mount | Namespaces.process | Namespaces.ipc | Namespaces.hostName

    /// CHOWN, KILL, SETGID, SETUID: what servers that start as root use to become another user. docs/sandbox.md says why these and no more.
    public static let rootCapabilities: UInt64 = 1 << 0 | 1 << 5 | 1 << 6 | 1 << 7

    /// - Parameter resources: what the launcher made for this instance.
    public static func steps(for spec: InstanceSpec, with resources: InstanceResources) -> [SetupStep] {
        joinNamespaces(resources) + enterRoot(resources) + hide(resources) + nameAndDescriptors(spec, resources)
            + becomeProgram(spec, resources)
    }

    private static func joinNamespaces(_ resources: InstanceResources) -> [SetupStep] {
        [.dieWithParent, .ownSession]
            + resources.cgroups.sorted { $0.key < $1.key }.map { .joinCgroup(tasks: $0.value, controller: $0.key) }
            + [.unshare(Namespaces.cgroup, of: "the cgroup namespace"), .enterNetwork(resources.network)]
    }

    /// The working folder is the launcher's `run`, where an empty folder `root` waits. After the pivot every path starts in the image; the old root
    /// is detached by init when it has forked the program, which waits for that before it becomes the image's user.
    private static func enterRoot(_ resources: InstanceResources) -> [SetupStep] {
        let quiet: MountAttributes = [.noSetuid, .noDevices, .noExecution]
        return [
            .attach(resources.root, at: "root"), .changeFolder("root"), .pivot,
            .newMount("proc", options: [], attributes: quiet, at: "/proc"),
            .attach(resources.devices, at: "/dev"),
            .newMount(
                "devpts", options: [.init("newinstance"), .init("ptmxmode", "0666"), .init("mode", "0620"), .init("gid", "5")],
                attributes: [.noSetuid, .noExecution], at: "/dev/pts"),
            .newMount(
                "tmpfs", options: [.init("size", "64m"), .init("nr_inodes", "65536"), .init("mode", "1777")], attributes: quiet,
                at: "/dev/shm"),
            .attach(resources.emptyFolder, at: "/sys"),
        ]
    }

    private static func hide(_ resources: InstanceResources) -> [SetupStep] {
        resources.hidden.map { hidden in
            switch hidden.way {
            case .maskFile: .cover("/dev/null", at: hidden.path)  // Ours, mounted above; never the image's (CVE-2025-31133).
            case .maskFolder: .cover("/sys", at: hidden.path)
            case .readOnly: .protect(hidden.path, [.readOnly, .noSetuid, .noDevices, .noExecution])
            }
        }
    }

    private static func nameAndDescriptors(_ spec: InstanceSpec, _ resources: InstanceResources) -> [SetupStep] {
        let inodes = max(1024, min(1_048_576, spec.limits.temporary / 4096))
        return [
            .newMount(
                "tmpfs", options: [.init("size", "\(spec.limits.temporary)"), .init("nr_inodes", "\(inodes)"), .init("mode", "1777")],
                attributes: [.noSetuid, .noDevices], at: "/tmp")
        ]
            + resources.files.sorted { $0.key < $1.key }.map { .attach($0.value, at: $0.key) }
            + [
                .hostName(spec.hostname),
                .duplicate(resources.status, to: 3, keepAtExec: false),
                .duplicate(resources.report, to: 4, keepAtExec: false),
                .startProgram(report: 4),
            ]
    }

    /// Descriptors are gone before the working directory is entered, which happens as the image's user: a folder that stayed open must not be
    /// reachable through `/proc/self/fd` (CVE-2024-21626). The filter comes last, since it forbids what the steps before it do.
    private static func becomeProgram(_ spec: InstanceSpec, _ resources: InstanceResources) -> [SetupStep] {
        let capabilities = resources.user.user == 0 ? rootCapabilities : 0
        var environment = spec.environment
        if !environment.contains(where: { $0.hasPrefix("HOME=") }) { environment.append("HOME=\(resources.user.home)") }
        return [
            .ownSession,
            .duplicate(resources.standardInput, to: 0, keepAtExec: true),
            .duplicate(resources.standardOutput, to: 1, keepAtExec: true),
            .duplicate(resources.standardError, to: 2, keepAtExec: true),
            .closeFrom(4),
            .ownKeyring,
            .limit(.coreSize, 0), .limit(.openFiles, spec.limits.openFiles),
            .umask(0o022),
            .write("500", to: "/proc/self/oom_score_adj"),
            .resetSignals,
            .awaitDetached,
            .boundCapabilities(capabilities),
            .groups(resources.user.groups), .group(resources.user.group), .user(resources.user.user),
            .capabilities(capabilities),
            .workingDirectory(spec.workingDirectory.isEmpty ? "/" : spec.workingDirectory),
            .ordinaryPriority, .noNewPrivileges,
            .filter(reportsListen: true),
            .execute(candidates: candidates(for: spec), arguments: spec.arguments, environment: environment),
        ]
    }

    /// A name without a slash is looked for in the `PATH` of the instance's own environment. Source of the default: execvp(3) and Docker.
    static func candidates(for spec: InstanceSpec) -> [String] {
        let program = spec.arguments.first ?? ""
        if program.utf8.contains(47) { return [program] }
        let path =
            spec.environment.last { $0.hasPrefix("PATH=") }?.dropFirst(5) ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        let folders = path.split(separator: ":").filter { $0.hasPrefix("/") }
        return folders.isEmpty ? [program] : folders.map { "\($0)/\(program)" }
    }
}
