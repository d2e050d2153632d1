// SPDX-License-Identifier: Apache-2.0
import LinuxSystem

/// The steps that confine `swiftlet-ahead`. It stays root, because the layers are root's, but may do no more than look: it writes in its own folder only.
public enum ReadAheadPlan {
    /// DAC_READ_SEARCH and FOWNER: to open the layers' files and ask which of their pages are in memory. SYS_PTRACE: to see what a program has mapped.
    public static let capabilities: UInt64 = 1 << 2 | 1 << 3 | 1 << 19

    /// The numbers that it has them at.
    public static let socket: CInt = 3
    public static let layers: CInt = 6
    public static let lists: CInt = 7

    /// - Parameters:
    ///   - program: the launcher's own file.
    ///   - lists: the folder that it writes to.
    public static func steps(program: CInt, socket: CInt, status: CInt, layers: CInt, lists: CInt, null: CInt) -> [SetupStep] {
        [
            .dieWithParent, .ownSession, .changeFolder("/"),
            .duplicate(null, to: 0, keepAtExec: true), .duplicate(null, to: 1, keepAtExec: true),
            .duplicate(socket, to: Self.socket, keepAtExec: true), .duplicate(program, to: 4, keepAtExec: false),
            .duplicate(status, to: 5, keepAtExec: false),
            .duplicate(layers, to: Self.layers, keepAtExec: true), .duplicate(lists, to: Self.lists, keepAtExec: true),
            .closeFrom(8), .ownKeyring,
            .limit(.addressSpace, UnpackPlan.memory), .limit(.coreSize, 0), .limit(.openFiles, 1024),
            .umask(0o077), .resetSignals,
            .boundCapabilities(capabilities), .capabilities(capabilities),
            .dieWithParent,  // Again, because the change of capabilities has cleared it.
            .ordinaryPriority, .noNewPrivileges, .filter(reportsListen: false),
            .executeDescriptor(4, name: ReadAheadPlan.name, arguments: [name], environment: []),
        ]
    }

    /// What `ps` shows, and by which the launcher's file knows what it is.
    public static let name = "swiftlet-ahead"
}
