// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc

/// What a process does to itself.
public enum OwnProcess {
    /// Nobody without CAP_SYS_PTRACE may look into this process through `/proc`, trace it, or make it dump core.
    public static func forbidInspection() throws(SystemCallError) { try systemCall("prctl PR_SET_DUMPABLE") { clinux_prctl(4, 0) } }

    /// The name that `ps` shows, 15 bytes.
    public static func setName(_ name: String) throws(SystemCallError) {
        try systemCall("prctl PR_SET_NAME") { name.withCString { clinux_prctl(15, UInt(bitPattern: $0)) } }
    }

    /// Lets this process run before others that have not asked for it. Nothing happens where it has another niceness than 0 already, or may not.
    public static func raisePriority() {
        let process = CInt(PRIO_PROCESS.rawValue)
        if getpriority(process, 0) == 0 { _ = setpriority(process, 0, -10) }
    }

    /// Runs `body` behind what else waits for a processor, where the priority was raised.
    public static func atOrdinaryPriority<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) {
        let process = CInt(PRIO_PROCESS.rawValue)
        let raised = getpriority(process, 0)
        guard raised < 0 else { return try body() }
        _ = setpriority(process, 0, 0)
        defer { _ = setpriority(process, 0, raised) }
        try body()
    }

    /// Makes the kernel's table of this process's descriptors large enough for `count` of them, or for as many as the process may have.
    ///
    /// Whoever opens a descriptor for which the table must grow waits, where the process has several threads, until all processors have been through a
    /// state in which none of them reads the old one: 5 to 9 ms (`expand_fdtable` of the kernel).
    public static func makeRoom(forDescriptors count: Int) throws(SystemCallError) {
        var limit = rlimit()
        try systemCall("getrlimit") { getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) }
        let last = CInt(clamping: min(UInt64(count), UInt64(limit.rlim_cur))) - 1
        let null = try openAt(currentDirectory, "/dev/null", flags: O_RDONLY)
        _ = Descriptor(owning: try systemCall("fcntl F_DUPFD_CLOEXEC") { fcntl(null.number, F_DUPFD_CLOEXEC, last) })
    }

    /// This process never gains capabilities or another user by executing a file.
    public static func refuseNewPrivileges() throws(SystemCallError) { try systemCall("prctl PR_SET_NO_NEW_PRIVS") { clinux_prctl(38, 1) } }

    /// Drops all but `mask` from the capabilities that a program executed from here, or from a child, can have. This process keeps its own.
    public static func boundCapabilities(to mask: UInt64) throws(SystemCallError) {
        for capability in 0..<64 where mask >> UInt64(capability) & 1 == 0 {
            do {
                if try systemCall("prctl PR_CAPBSET_READ", { clinux_prctl(23, UInt(capability)) }) == 0 { continue }
            } catch  where error.errno == EINVAL { return }  // Behind the last one that this kernel knows.
            try systemCall("prctl PR_CAPBSET_DROP") { clinux_prctl(24, UInt(capability)) }
        }
    }

    /// Runs `body` in this thread as if it did not have a capability.
    public static func without(capability: CInt, _ body: () -> Void) throws(SystemCallError) {
        let had = try systemCall("capset") { clinux_effective_capability(capability, 0) }
        body()
        if had != 0 { try systemCall("capset") { clinux_effective_capability(capability, 1) } }
    }

    /// Executes a file by descriptor, in place of this program. It returns only by throwing.
    public static func execute(_ file: borrowing Descriptor, arguments: [String]) throws(SystemCallError) {
        var list: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for text in list { free(text) } }
        try systemCall("execveat") { clinux_execute(file.number, &list) }
    }
}

/// A file in memory that can be sealed against every change.
public struct MemoryFile: ~Copyable {
    public let descriptor: Descriptor

    public init(name: String) throws(SystemCallError) {
        descriptor = Descriptor(owning: try systemCall("memfd_create") { clinux_memfd(name) })
    }

    /// From now on nobody can write to it, shorten it, or take this back.
    public borrowing func seal() throws(SystemCallError) { try systemCall("fcntl F_ADD_SEALS") { clinux_seal(descriptor.number) } }

    public static func isSealed(_ file: borrowing Descriptor) -> Bool { clinux_is_sealed(file.number) != 0 }
}

/// Makes a character device.
public func makeCharacterDevice(_ directory: CInt, _ name: String, major: UInt32, minor: UInt32) throws(SystemCallError) {
    try systemCall("mknodat \(name)") { clinux_make_device(directory, name, S_IFCHR | 0o666, major, minor) }
    try systemCall("fchmodat \(name)") { fchmodat(directory, name, 0o666, 0) }
}

/// One system call that waits for an answer of a seccomp listener. Source: seccomp_unotify(2).
public struct SeccompNotification: Sendable {
    public var id: UInt64
    public var process: CInt
    public var firstArgument: UInt64
}

extension Descriptor {
    /// Notifications are handled on the processor where they are made: waking another one that sleeps takes longer than handling them.
    /// Linux before 6.6 cannot, and need not.
    public borrowing func wakeOnSameProcessor() { _ = clinux_notification_wake_here(number) }

    /// - Returns: nil where the waiting process has just died.
    public borrowing func receiveNotification() throws(SystemCallError) -> SeccompNotification? {
        var notification = SeccompNotification(id: 0, process: 0, firstArgument: 0)
        do {
            try systemCall("SECCOMP_IOCTL_NOTIF_RECV") {
                clinux_notification_receive(number, &notification.id, &notification.process, &notification.firstArgument)
            }
        } catch  where error.errno == ENOENT { return nil }
        return notification
    }

    /// Lets the call go on in the kernel. A process that has died meanwhile is no error.
    public borrowing func letContinue(_ notification: SeccompNotification) throws(SystemCallError) {
        do { try systemCall("SECCOMP_IOCTL_NOTIF_SEND") { clinux_notification_continue(number, notification.id) } } catch
            where error.errno == ENOENT
        {}
    }

    /// The local TCP port of this socket; nil where it is none.
    public borrowing func localPort() -> UInt16? { UInt16(exactly: clinux_local_port(number)) }
}
