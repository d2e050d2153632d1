// SPDX-License-Identifier: Apache-2.0
import LinuxSystem

/// The steps that confine `swiftlet-ahead`. It sees the layers, read-only, the folder of its lists, and a `/proc` that has only itself in it, and nothing of
/// the kernel; it is nobody whom anything on the host belongs to.
public enum ReadAheadPlan {
    public static let namespaces = Namespaces.mount | Namespaces.process | Namespaces.ipc | Namespaces.hostName | Namespaces.network

    /// DAC_READ_SEARCH: to open the layers' files, which belong to whom their images say. FOWNER: to ask which of their pages are in memory.
    public static let capabilities: UInt64 = 1 << 2 | 1 << 3

    /// Its user and group lie behind those that instances have, and in front of the end of what systemd keeps for containers: nobody else has them, and two
    /// hosts on one machine seldom have the same. Source: systemd's docs/UIDS-GIDS.md.
    ///
    /// - Parameter seed: the same for the same state directory.
    public static func user(seed: String) -> UInt32 { 0x6000_0000 + seed.utf8.reduce(0) { ($0 &* 31 &+ UInt32($1)) % 0x0f00_0000 } }

    /// The number that it has the launcher's socket at.
    public static let socket: CInt = 3
    /// And what it learns from how much memory is available.
    public static let memory: CInt = 6
    /// Where it sees what it works on.
    public static let layers = "/layers"
    public static let lists = "/reads"

    /// - Parameters:
    ///   - program: the launcher's own file.
    ///   - layers: a detached tree of the folder of all layers.
    ///   - lists: the same of the folder that it writes to, which is its user's.
    ///   - memory: the host's `/proc/meminfo`, open for reading.
    public static func steps(
        program: CInt, socket: CInt, status: CInt, layers: CInt, lists: CInt, null: CInt, memory: CInt, user: UInt32
    ) -> [SetupStep] {
        let quiet: MountAttributes = [.noSetuid, .noDevices, .noExecution]
        return [
            .dieWithParent, .ownSession,
            .newMount(
                "tmpfs", options: [.init("size", "16k"), .init("nr_inodes", "8"), .init("mode", "0755")], attributes: quiet, at: "root"),
            .makePath("root/layers"), .attach(layers, at: "root/layers"), .makePath("root/reads"), .attach(lists, at: "root/reads"),
            // Nothing but processes: the rest of it tells of the host, and who may read any file may read what there is root's alone (`kpageflags`).
            .makePath("root/proc"), .newMount("proc", options: [.init("subset", "pid")], attributes: quiet, at: "root/proc"),
            .changeFolder("root"), .pivot, .detachOldRoot,
            .duplicate(null, to: 0, keepAtExec: true), .duplicate(null, to: 1, keepAtExec: true),
            .duplicate(socket, to: Self.socket, keepAtExec: true), .duplicate(program, to: 4, keepAtExec: false),
            .duplicate(status, to: 5, keepAtExec: false),
            .duplicate(memory, to: Self.memory, keepAtExec: true), .closeFrom(7), .ownKeyring,
            .limit(.addressSpace, UnpackPlan.memory), .limit(.coreSize, 0), .limit(.openFiles, 1024),
            .umask(0o077), .resetSignals,
            .boundCapabilities(capabilities), .groups([]), .group(user), .user(user), .capabilities(capabilities),
            .dieWithParent,  // Again, because the change of user has cleared it.
            .ordinaryPriority, .noNewPrivileges, .filter(reportsListen: false),
            .executeDescriptor(4, name: ReadAheadPlan.name, arguments: [name], environment: []),
        ]
    }

    /// What `ps` shows, and by which the launcher's file knows what it is.
    public static let name = "swiftlet-ahead"
}
