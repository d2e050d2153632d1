// SPDX-License-Identifier: Apache-2.0
import LinuxSystem

/// What the launcher has at hand for a sandbox of which it need not be known yet whose it is: descriptors by number, all at or above
/// ``InstancePlan/firstFreeDescriptor``.
public struct SandboxResources: Hashable, Sendable {
    /// nil where the instance's ids are the host's.
    public var users: InstanceUsers?
    /// Detached trees that are the same for all: `/dev`, read-only, and an empty read-only folder for `/sys`.
    public var devices: CInt
    public var emptyFolder: CInt
    /// Open for writing, by controller.
    public var cgroups: [String: CInt]
    /// Where steps tell that they failed.
    public var status: CInt
    public var hidden: [HiddenPath]

    public init(users: InstanceUsers?, devices: CInt, emptyFolder: CInt, cgroups: [String: CInt], status: CInt, hidden: [HiddenPath]) {
        self.users = users
        self.devices = devices
        self.emptyFolder = emptyFolder
        self.cgroups = cgroups
        self.status = status
        self.hidden = hidden
    }
}

/// What it has for one instance, in the same form.
public struct InstanceResources: Hashable, Sendable {
    public var root: InstanceRoot
    /// Those of its sandbox.
    public var users: InstanceUsers?
    /// Detached trees of single files, by place: `/etc/hosts` and so on.
    public var files: [String: CInt]
    public var network: CInt
    public var standardInput: CInt
    public var standardOutput: CInt
    public var standardError: CInt
    /// Where init tells how the program ended.
    public var report: CInt
    /// Where a byte comes when the program is to be executed; nil where that is at once.
    public var trigger: CInt?
    /// Who reads the program's files ahead when the trigger comes; nil where nobody does, or where it starts at once.
    public var reader: InstanceReader?
    public var user: ImageUser

    public init(
        root: InstanceRoot, users: InstanceUsers?, files: [String: CInt], network: CInt, standardInput: CInt, standardOutput: CInt,
        standardError: CInt, report: CInt, trigger: CInt?, reader: InstanceReader? = nil,
        user: ImageUser
    ) {
        self.root = root
        self.users = users
        self.files = files
        self.network = network
        self.standardInput = standardInput
        self.standardOutput = standardOutput
        self.standardError = standardError
        self.report = report
        self.trigger = trigger
        self.reader = reader
        self.user = user
    }
}

extension InstanceResources {
    /// The numbers that the child has them at: the status socket is 3, then come the trigger and the reader where there are any.
    var readerNumber: CInt { trigger == nil ? 4 : 5 }
    var reportNumber: CInt { readerNumber + (reader == nil ? 0 : 1) }
    var usersNumber: CInt { reportNumber + 1 }
}

/// The socket of the process that reads files ahead, and what it knows the instance's program by.
public struct InstanceReader: Hashable, Sendable {
    public var socket: CInt
    public var number: UInt32

    public init(socket: CInt, number: UInt32) {
        self.socket = socket
        self.number = number
    }
}

/// What becomes the instance's `/`: the image's layers, read-only, with our empty mount points on top.
public enum InstanceRoot: Hashable, Sendable {
    /// A detached tree that is the same for all.
    case shared(CInt)
    /// Detached trees of the layers, topmost first, whose files belong to this instance's ids: it joins them itself.
    case layers([CInt], oneByOne: Bool)
}

/// An instance's own ids: 0 to 65535 inside are `first` and the following ones on the host.
public struct InstanceUsers: Hashable, Sendable {
    public static let count: UInt32 = 65536
    public var namespace: CInt
    public var first: UInt32

    public init(namespace: CInt, first: UInt32) {
        self.namespace = namespace
        self.first = first
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

/// From a spec to the steps that make an instance of it: a pure function. What is the same for anyone comes first, so that it can be done before it is known
/// whose sandbox it is; the rest is the instance's.
public enum InstancePlan {
    /// The launcher keeps its descriptors at or above this number, so that the low ones can be set up without treading on one.
    public static let firstFreeDescriptor: CInt = 16

    /// What `clone3` makes new. Network and cgroup namespaces are entered by steps: the first is prepared ahead of time, and the second must be
    /// made after the cgroup was joined, so that the instance sees itself at the top.
    public static let namespaces = Namespaces.mount | Namespaces.process | Namespaces.ipc | Namespaces.hostName

    /// Folders below `run` where a sandbox mounts what is moved into its root when that is there; they are gone with the old root.
    public static let frame = ["proc", "dev", "sys"].map { "frame/\($0)" }
    /// The numbers of what is mounted there.
    private static let held: [CInt] = [10, 11, 12]

    /// What makes a sandbox that may become anyone's.
    public static func sandbox(with resources: SandboxResources) -> [SetupStep] {
        [.dieWithParent, .ownSession]
            + resources.cgroups.sorted { $0.key < $1.key }.map { .joinCgroup(tasks: $0.value, controller: $0.key) }
            + [.unshare(Namespaces.cgroup, of: "the cgroup namespace")] + mountFrame(resources) + hide(resources)
            + zip(frame, held).map { .hold($0, as: $1) } + [.duplicate(resources.status, to: 3, keepAtExec: false)]
    }

    /// What follows that where it is not known yet: nothing of the launcher's stays open but the socket over which the rest comes.
    public static let waiting: [SetupStep] = [.closeFrom(firstFreeDescriptor), .awaitPlan]

    /// What makes an instance of a sandbox.
    ///
    /// - Parameter resources: what the launcher made for this instance.
    public static func steps(for spec: InstanceSpec, with resources: InstanceResources) -> [SetupStep] {
        [.enterNetwork(resources.network)] + mountRoot(resources.root) + [.changeFolder("root"), .pivot]
            + zip(held, frame).map { .attach($0, at: String($1.dropFirst("frame".utf8.count))) }
            + nameAndDescriptors(spec, resources)
            + becomeProgram(spec, resources)
    }

    /// Folders below `run` where an instance lays the layers of its root before it joins them; they are gone with the old root.
    public static func layerPlace(_ index: Int) -> String { "lower/\(index)" }

    private static func mountRoot(_ root: InstanceRoot) -> [SetupStep] {
        switch root {
        case .shared(let tree): return [.attach(tree, at: "root")]
        case .layers(let trees, let oneByOne):
            let places = trees.indices.map(layerPlace)
            return zip(trees, places).map { .attach($0, at: $1) } + [overlay(places, at: "root", oneByOne: oneByOne)]
        }
    }

    /// `lowerdir+` (Linux 6.7) has no limit of a page for all names and no characters to escape; older kernels take one joined option.
    public static func overlay(_ lowers: [String], at place: String, oneByOne: Bool) -> SetupStep {
        if oneByOne {
            return .newMount(
                "overlay", options: lowers.map { MountOption("lowerdir+", $0) } + [MountOption("userxattr")],
                attributes: [.readOnly, .noSetuid, .noDevices], at: place)
        }
        let flags: UInt64 = 1 | 2 | 4  // MS_RDONLY, MS_NOSUID, MS_NODEV.
        return .oldMount("overlay", options: "userxattr,lowerdir=" + lowers.joined(separator: ":"), flags: flags, at: place)
    }

    /// What lies in a file system made for the instance belongs to its root.
    private static func ownedByRoot(_ users: InstanceUsers?) -> [MountOption] {
        users.map { [MountOption("uid", "\($0.first)"), MountOption("gid", "\($0.first)")] } ?? []
    }

    /// The working folder is the launcher's `run`, where empty folders wait for this and for `root`. After the pivot every path starts in the image; the old
    /// root is detached by init when it has forked the program, which waits for that before it becomes the image's user.
    private static func mountFrame(_ resources: SandboxResources) -> [SetupStep] {
        let quiet: MountAttributes = [.noSetuid, .noDevices, .noExecution]
        return [
            .newMount("proc", options: [], attributes: quiet, at: "frame/proc"),
            .attach(resources.devices, at: "frame/dev"),
            .newMount(
                "devpts",
                options: [
                    .init("newinstance"), .init("ptmxmode", "0666"), .init("mode", "0620"),
                    .init("gid", "\((resources.users?.first ?? 0) + 5)"), .init("max", "64"),
                ],
                attributes: [.noSetuid, .noExecution], at: "frame/dev/pts"),
            .newMount(
                "tmpfs",
                options: [.init("size", "64m"), .init("nr_inodes", "65536"), .init("mode", "1777")] + ownedByRoot(resources.users),
                attributes: quiet, at: "frame/dev/shm"),
            .attach(resources.emptyFolder, at: "frame/sys"),
        ]
    }

    private static func hide(_ resources: SandboxResources) -> [SetupStep] {
        resources.hidden.map { hidden in
            let path = "frame" + hidden.path
            return switch hidden.way {
            case .maskFile: .cover("frame/dev/null", at: path)  // Ours, mounted above; never the image's (CVE-2025-31133).
            case .maskFolder: .cover("frame/sys", at: path)
            case .readOnly: .protect(path, [.readOnly, .noSetuid, .noDevices, .noExecution])
            }
        }
    }

    private static func nameAndDescriptors(_ spec: InstanceSpec, _ resources: InstanceResources) -> [SetupStep] {
        let inodes = max(1024, min(1_048_576, spec.limits.temporary / 4096))
        return [
            .newMount(
                "tmpfs",
                options: [.init("size", "\(spec.limits.temporary)"), .init("nr_inodes", "\(inodes)"), .init("mode", "1777")]
                    + ownedByRoot(resources.users),
                attributes: [.noSetuid, .noDevices], at: "/tmp")
        ]
            + resources.files.sorted { $0.key < $1.key }.map { .attach($0.value, at: $0.key) }
            + [
                .hostName(spec.hostname)
            ]
            + (resources.trigger.map { [.duplicate($0, to: 4, keepAtExec: false)] } ?? [])
            + (resources.reader.map { [.duplicate($0.socket, to: resources.readerNumber, keepAtExec: false)] } ?? [])
            + [.duplicate(resources.report, to: resources.reportNumber, keepAtExec: false)]
            + (resources.users.map { [.duplicate($0.namespace, to: resources.usersNumber, keepAtExec: false)] } ?? [])
            + [.startProgram(report: resources.reportNumber, users: resources.users == nil ? nil : resources.usersNumber)]
    }

    /// The program's process tells it, just before it executes the program.
    private static func haveReadAhead(_ resources: InstanceResources) -> [SetupStep] {
        resources.reader.map { [.haveReadAhead(resources.readerNumber, number: $0.number)] } ?? []
    }

    /// Descriptors are gone before the working directory is entered, which happens as the image's user: a folder that stayed open must not be
    /// reachable through `/proc/self/fd` (CVE-2024-21626). The filter comes last, since it forbids what the steps before it do.
    private static func becomeProgram(_ spec: InstanceSpec, _ resources: InstanceResources) -> [SetupStep] {
        let capabilities = spec.capabilities.mask(ownUsers: resources.users != nil)
        var environment = spec.environment
        if !environment.contains(where: { $0.hasPrefix("HOME=") }) { environment.append("HOME=\(resources.user.home)") }
        return [
            .ownSession,
            .duplicate(resources.standardInput, to: 0, keepAtExec: true),
            .duplicate(resources.standardOutput, to: 1, keepAtExec: true),
            .duplicate(resources.standardError, to: 2, keepAtExec: true),
            .ownKeyring,
            .limit(.coreSize, 0), .limit(.openFiles, spec.limits.openFiles),
            .umask(0o022),
            .write("500", to: "/proc/self/oom_score_adj"),
            .resetSignals,
            .awaitDetached,
        ] + (resources.users == nil ? [] : [.enterUsers(resources.usersNumber)]) + [
            .closeFrom(resources.reportNumber),
            .boundCapabilities(capabilities),
            .groups(resources.user.groups), .group(resources.user.group), .user(resources.user.user),
            .capabilities(capabilities),
            .workingDirectory(spec.workingDirectory.isEmpty ? "/" : spec.workingDirectory),
            .ordinaryPriority, .noNewPrivileges,
            .filter(reportsListen: spec.reportsListen),
        ] + (spec.reportsListen ? [] : [.tellPrepared]) + (resources.trigger == nil ? [] : [.awaitByte(4)]) + haveReadAhead(resources) + [
            .execute(candidates: candidates(for: spec), arguments: spec.arguments, environment: environment)
        ]
    }

    private static let mostFolders = 64

    /// A name without a slash is looked for in the `PATH` of the instance's own environment. Source of the default: execvp(3) and Docker.
    static func candidates(for spec: InstanceSpec) -> [String] {
        let program = spec.arguments.first ?? ""
        if program.utf8.contains(47) { return [program] }
        let path =
            spec.environment.last { $0.hasPrefix("PATH=") }?.dropFirst(5) ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        // An image may name folders without end, each of which would get the program's name once more.
        let folders = path.split(separator: ":", maxSplits: mostFolders).prefix(mostFolders).filter { $0.hasPrefix("/") }
        return folders.isEmpty ? [program] : folders.map { "\($0)/\(program)" }
    }
}
