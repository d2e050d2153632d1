// SPDX-License-Identifier: Apache-2.0
import LinuxSystem

/// The steps that confine an unpacker: it reads hostile bytes as root, so it sees one folder and no host, no network and no other process.
public enum UnpackPlan {
    public static let namespaces = Namespaces.mount | Namespaces.process | Namespaces.ipc | Namespaces.hostName | Namespaces.network

    /// CHOWN, DAC_OVERRIDE, FOWNER, FSETID, SETFCAP: to give files the owners, modes and capabilities that the layer says.
    public static let capabilities: UInt64 = 1 << 0 | 1 << 1 | 1 << 3 | 1 << 4 | 1 << 31

    /// - Parameters:
    ///   - target: a detached tree of the folder to fill; it becomes `/layer`.
    ///   - program: `swiftlet-unpack`, open.
    ///   - arguments: its own name first.
    public static func steps(
        target: CInt, program: CInt, blob: CInt, null: CInt, complaints: CInt, result: CInt, status: CInt, arguments: [String]
    ) -> [SetupStep] {
        [
            .dieWithParent, .ownSession,
            .newMount(
                "tmpfs", options: [.init("size", "16k"), .init("nr_inodes", "8"), .init("mode", "0755")],
                attributes: [.noSetuid, .noDevices, .noExecution], at: "root"),
            .makePath("root/layer"), .attach(target, at: "root/layer"), .changeFolder("root"), .pivot, .detachOldRoot,
            .duplicate(blob, to: 0, keepAtExec: true), .duplicate(null, to: 1, keepAtExec: true),
            .duplicate(complaints, to: 2, keepAtExec: true), .duplicate(result, to: 3, keepAtExec: true),
            .duplicate(program, to: 4, keepAtExec: false), .duplicate(status, to: 5, keepAtExec: false), .closeFrom(6),
            .ownKeyring,
            // A zstd frame may ask for a window of 128 MiB; more than this is a bomb.
            .limit(.addressSpace, 2 << 30), .limit(.coreSize, 0), .limit(.openFiles, 1024),
            .umask(0), .resetSignals,
            .boundCapabilities(capabilities), .capabilities(capabilities),
            .dieWithParent,  // Again, because the change of capabilities has cleared it.
            .ordinaryPriority, .noNewPrivileges, .filter(reportsListen: false),
            .executeDescriptor(4, name: "swiftlet-unpack", arguments: arguments, environment: []),
        ]
    }
}
