// SPDX-License-Identifier: Apache-2.0
public import LinuxSystem

/// One thing that a child does to itself between clone3 and execve. Descriptors are numbers that the launcher holds open; paths are ours, never an
/// image's, except for the working directory and the program, which come after the root is the image's and the user is the image's.
public enum SetupStep: Hashable, Sendable {
    case ownSession
    case joinCgroup(tasks: CInt, controller: String)
    case unshare(CInt, of: String)
    case enterNetwork(CInt)
    case detachFromHostMounts
    case attach(CInt, at: String)
    case newMount(String, options: [MountOption], attributes: MountAttributes, at: String)
    /// The same by mount(2), with one text of options, for kernels whose newer calls take less of it.
    case oldMount(String, options: String, flags: UInt64, at: String)
    /// A copy of what is mounted at the first path onto the second.
    case cover(String, at: String)
    case protect(String, MountAttributes)
    /// What is mounted there gets a number, by which ``attach(_:at:)`` moves it elsewhere, with all that is mounted in it.
    case hold(String, as: CInt)
    case makePath(String)
    case changeFolder(String)
    case pivot
    case detachOldRoot
    /// Init detaches the old root while the program sets itself up; this waits until nothing of the host has a name any more.
    case awaitDetached
    case hostName(String)
    case duplicate(CInt, to: CInt, keepAtExec: Bool)
    /// Forks off the program; this process becomes init, in the user namespace `users` where there is one. `users` is the number behind `report`.
    case startProgram(report: CInt, users: CInt?)
    case closeFrom(CInt)
    /// The launcher runs with raised priority, and what it starts does not.
    case ordinaryPriority
    /// A niceness for the process and its session, where the host lets it have one.
    case raisedPriority(Int)
    case ownKeyring
    case limit(ResourceLimit, UInt64)
    case umask(UInt32)
    case write(String, to: String)
    case resetSignals
    case dieWithParent
    /// As root of the namespace, whom its map makes nobody outside of it.
    case enterUsers(CInt)
    case boundCapabilities(UInt64)
    case groups([UInt32])
    case group(UInt32)
    case user(UInt32)
    case capabilities(UInt64)
    case noNewPrivileges
    /// To what the Landlock rules of this descriptor allow.
    case restrictFiles(CInt)
    case workingDirectory(String)
    /// Loads the launcher's filter; `reportsListen` says whether it comes with a listener, which goes to the launcher.
    case filter(reportsListen: Bool)
    /// Tells the launcher that only the program is missing, where no listener does.
    case tellPrepared
    /// Waits for a byte; where the other end is closed instead, this process ends without a word.
    case awaitByte(CInt)
    /// Waits for the steps that follow, which come over the status socket; where that is closed instead, this process ends without a word.
    case awaitPlan
    /// Has the layers' files read that the program will need, where the page cache has lost them: an order of ``ReadAheadOrder/read(number:)``.
    case haveReadAhead(CInt, number: UInt32)
    case execute(candidates: [String], arguments: [String], environment: [String])
    case executeDescriptor(CInt, name: String, arguments: [String], environment: [String])
}

/// Source: getrlimit(2), numbers of asm-generic/resource.h.
public enum ResourceLimit: UInt64, Hashable, Sendable {
    case processorSeconds = 0
    case fileSize = 1
    case coreSize = 4
    case openFiles = 7
    case addressSpace = 9
}

/// Reads as the words before the error: `mount proc on /proc`.
extension SetupStep: CustomStringConvertible {
    public var description: String {
        switch self {
        case .ownSession: "start a session"
        case .joinCgroup(_, let controller): "join the \(controller) cgroup"
        case .unshare(_, let what): "unshare \(what)"
        case .enterNetwork: "enter the network namespace"
        case .detachFromHostMounts: "detach from the host's mounts"
        case .attach(_, let path): "attach \(path)"
        case .newMount(let type, _, _, let path): "mount \(type) on \(path)"
        case .oldMount(let type, _, _, let path): "mount \(type) on \(path)"
        case .cover(_, let path): "cover \(path)"
        case .protect(let path, _): "protect \(path)"
        case .hold(let path, _): "hold \(path)"
        case .makePath(let path): "make \(path)"
        case .changeFolder(let path): "change to \(path)"
        case .pivot: "pivot_root"
        case .detachOldRoot: "detach the old root"
        case .awaitDetached: "wait for the old root to go"
        case .hostName: "set the host name"
        case .duplicate(_, let number, _): "set up descriptor \(number)"
        case .startProgram: "fork"
        case .closeFrom(let number): "close descriptors from \(number)"
        case .ordinaryPriority: "take ordinary priority"
        case .raisedPriority: "take raised priority"
        case .ownKeyring: "join a session keyring"
        case .limit(let limit, let value): "limit \(limit) to \(value)"
        case .umask: "set the umask"
        case .write(_, let path): "write \(path)"
        case .resetSignals: "reset signals"
        case .dieWithParent: "set the death signal"
        case .enterUsers: "enter the user namespace"
        case .boundCapabilities: "bound capabilities"
        case .groups: "set the further groups"
        case .group(let id): "become group \(id)"
        case .user(let id): "become user \(id)"
        case .capabilities: "drop capabilities"
        case .noNewPrivileges: "refuse new privileges"
        case .restrictFiles: "restrict files (Landlock)"
        case .workingDirectory(let path): "enter the working directory \(path)"
        case .filter: "load the seccomp filter"
        case .tellPrepared: "tell that all is prepared"
        case .awaitByte: "wait to be called"
        case .awaitPlan: "wait for an instance to become"
        case .haveReadAhead: "have files read ahead"
        case .execute(let candidates, let arguments, _):
            candidates.count == 1
                ? "execute \(candidates[0])" : "execute \(arguments.first ?? "") (looked for in \(candidates.joined(separator: ", ")))"
        case .executeDescriptor(_, let name, _, _): "execute \(name)"
        }
    }
}
