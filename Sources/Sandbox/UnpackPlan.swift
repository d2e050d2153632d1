// SPDX-License-Identifier: Apache-2.0
public import LinuxSystem

/// What one of the two processes has open that unpack a layer, by number.
public struct UnpackDescriptors: Hashable, Sendable {
    public var program: CInt
    public var input: CInt
    public var output: CInt
    public var complaints: CInt
    public var status: CInt
    /// Landlock rules; nil where the kernel has none.
    public var rules: CInt?

    public init(program: CInt, input: CInt, output: CInt, complaints: CInt, status: CInt, rules: CInt?) {
        self.program = program
        self.input = input
        self.output = output
        self.complaints = complaints
        self.status = status
        self.rules = rules
    }
}

/// The steps that confine an unpacker: it reads hostile bytes as root, so it sees one folder and no host, no network and no other process.
public enum UnpackPlan {
    public static let namespaces = Namespaces.mount | Namespaces.process | Namespaces.ipc | Namespaces.hostName | Namespaces.network

    /// CHOWN, DAC_OVERRIDE, FOWNER, FSETID, SETFCAP: to give files the owners, modes and capabilities that the layer says.
    public static let capabilities: UInt64 = 1 << 0 | 1 << 1 | 1 << 3 | 1 << 4 | 1 << 31

    /// Bytes of address space. Both programs stay below 64 MiB of memory that they touch; the rest is room for libraries.
    public static let memory: UInt64 = 256 << 20

    /// What Landlock leaves: in the folder, what layers are made of; of the program, to run it.
    public static let folderAccess: FileAccess = [
        .readFile, .writeFile, .readFolder, .removeFolder, .removeFile, .makeCharacterDevice, .makeFolder, .makeFile, .makeFifo, .makeLink,
        .refer, .truncate,
    ]
    public static let programAccess: FileAccess = [.readFile, .execute]

    /// Exit status of an unpacker that did not find room for the layer.
    public static let lacksRoom: Int32 = 4

    /// - Parameters:
    ///   - target: a detached tree of the folder to fill; it becomes `/layer`.
    ///   - result: where the program tells what it made.
    ///   - room: where it counts the room that the layer takes; nil bounds nothing.
    ///   - arguments: the program's own name first.
    public static func steps(
        target: CInt, result: CInt, null: CInt, _ descriptors: UnpackDescriptors, room: CInt?, seconds: UInt64, arguments: [String]
    ) -> [SetupStep] {
        [
            .dieWithParent, .ownSession,
            .newMount(
                "tmpfs", options: [.init("size", "16k"), .init("nr_inodes", "8"), .init("mode", "0755")],
                attributes: [.noSetuid, .noDevices, .noExecution], at: "root"),
            .makePath("root/layer"), .attach(target, at: "root/layer"), .changeFolder("root"), .pivot, .detachOldRoot,
            .duplicate(result, to: 3, keepAtExec: true),
        ]
            + descriptorsAndLimits(descriptors, output: null, room: room, seconds: seconds)
            + [
                .boundCapabilities(capabilities), .capabilities(capabilities),
                .dieWithParent,  // Again, because the change of capabilities has cleared it.
            ] + restrict(descriptors) + [.executeDescriptor(4, name: "swiftlet-unpack", arguments: arguments, environment: [])]
    }

    static func descriptorsAndLimits(
        _ descriptors: UnpackDescriptors, output: CInt, room: CInt? = nil, seconds: UInt64
    ) -> [SetupStep] {
        [
            .duplicate(descriptors.input, to: 0, keepAtExec: true), .duplicate(output, to: 1, keepAtExec: true),
            .duplicate(descriptors.complaints, to: 2, keepAtExec: true),
            .duplicate(descriptors.program, to: 4, keepAtExec: false), .duplicate(descriptors.status, to: 5, keepAtExec: false),
        ]
            + (descriptors.rules.map { [.duplicate($0, to: 6, keepAtExec: false)] } ?? [])
            + (room.map { [.duplicate($0, to: 7, keepAtExec: true)] } ?? [])
            + [
                .closeFrom(room == nil ? 7 : 8), .ownKeyring,
                .limit(.addressSpace, memory), .limit(.coreSize, 0), .limit(.openFiles, 1024), .limit(.processorSeconds, seconds),
                .umask(0), .resetSignals,
            ]
    }

    static func restrict(_ descriptors: UnpackDescriptors) -> [SetupStep] {
        [.ordinaryPriority, .noNewPrivileges] + (descriptors.rules.map { _ in [.restrictFiles(6)] } ?? []) + [.filter(reportsListen: false)]
    }
}

/// The steps that confine what takes a layer's compression off: nobody, who can read the system's libraries to start with and write no file at all.
///
/// It is linked dynamically, so it starts in the host's root; when its libraries are loaded it gives up all system calls but reading and writing.
public enum InflatePlan {
    public static let namespaces = UnpackPlan.namespaces

    /// What the dynamic loader reads; those that a machine does not have are left out.
    public static let libraries = ["/usr/lib", "/lib", "/lib64", "/usr/lib64", "/etc/ld.so.cache"]
    public static let libraryAccess: FileAccess = [.readFile, .readFolder, .execute]

    /// The overflow user and group of Linux, who own nothing.
    static let nobody: UInt32 = 65534

    public static func steps(_ descriptors: UnpackDescriptors, seconds: UInt64, arguments: [String]) -> [SetupStep] {
        [.dieWithParent, .ownSession, .changeFolder("/")]
            + UnpackPlan.descriptorsAndLimits(descriptors, output: descriptors.output, seconds: seconds)
            + [
                .boundCapabilities(0), .groups([]), .group(nobody), .user(nobody), .capabilities(0),
                .dieWithParent,  // Again, because the change of user has cleared it.
            ] + UnpackPlan.restrict(descriptors)
            + [
                .executeDescriptor(
                    4, name: "swiftlet-inflate", arguments: arguments, environment: ["SWIFT_BACKTRACE=enable=no,swift-backtrace=/none"])
            ]
    }
}
