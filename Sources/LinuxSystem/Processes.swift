// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc

/// How a process ended.
public enum ProcessEnd: Hashable, Sendable {
    case exited(CInt)
    case signaled(CInt)
}

extension Descriptor {
    /// Sends a signal to the process of this pidfd. A process that has ended is no error.
    public borrowing func signal(_ signal: CInt) throws(SystemCallError) {
        do { try systemCall("pidfd_send_signal") { clinux_pidfd_send_signal(number, signal) } } catch  where error.errno == ESRCH {}
    }

    /// Takes the status of the ended child of this pidfd.
    ///
    /// - Returns: nil while it runs.
    public borrowing func reap() throws(SystemCallError) -> ProcessEnd? {
        var (code, status): (CInt, CInt) = (0, 0)
        let taken = try systemCall("waitid") { clinux_reap(number, &code, &status) }
        if taken == 0 { return nil }
        return code == CInt(CLD_EXITED) ? .exited(status) : .signaled(status)
    }
}

/// A descriptor of a process or, where the kernel can, of a thread.
public func openProcess(_ pid: CInt) throws(SystemCallError) -> Descriptor {
    let thread: CUnsignedInt = CUnsignedInt(O_EXCL)  // PIDFD_THREAD, since Linux 6.9.
    do { return Descriptor(owning: try systemCall("pidfd_open") { clinux_pidfd_open(pid, thread) }) } catch {
        return Descriptor(owning: try systemCall("pidfd_open") { clinux_pidfd_open(pid, 0) })
    }
}

extension Descriptor {
    /// A copy of the descriptor `number` of the process of this pidfd.
    public borrowing func takeDescriptor(_ other: CInt) throws(SystemCallError) -> Descriptor {
        Descriptor(owning: try systemCall("pidfd_getfd") { clinux_pidfd_getfd(number, other) })
    }
}

/// A user namespace in which the ids 0 to `count` - 1 are the host's from `first` on.
///
/// - Returns: the namespace, and the process that it was born with, which has been killed and is still to be reaped.
public func makeUserNamespace(first: UInt32, count: UInt32) throws(SystemCallError) -> (users: Descriptor.Box, birth: Descriptor.Box) {
    var pidfd: CInt = -1
    let users = try systemCall("make a user namespace") { clinux_make_user_namespace(first, count, &pidfd) }
    return (Descriptor.Box(Descriptor(owning: users)), Descriptor.Box(Descriptor(owning: pidfd)))
}

/// Moves this thread into new namespaces.
public func unshareNamespaces(_ flags: CInt) throws(SystemCallError) { try systemCall("unshare") { clinux_unshare(flags) } }

/// Moves this thread into the namespace of a descriptor.
public func enterNamespace(_ descriptor: CInt, _ kind: CInt) throws(SystemCallError) {
    try systemCall("setns") { clinux_setns(descriptor, kind) }
}

/// The kinds of namespaces. Source: linux/sched.h; Swift's module for glibc does not show them.
public enum Namespaces {
    public static let mount: CInt = 0x0002_0000
    public static let cgroup: CInt = 0x0200_0000
    public static let hostName: CInt = 0x0400_0000
    public static let ipc: CInt = 0x0800_0000
    public static let user: CInt = 0x1000_0000
    public static let process: CInt = 0x2000_0000
    public static let network: CInt = 0x4000_0000
}

/// Brings up the loopback interface of this thread's network namespace.
public func bringLoopbackUp() throws(SystemCallError) { try systemCall("ioctl SIOCSIFFLAGS lo") { clinux_loopback_up() } }

/// Nanoseconds of the monotonic clock.
public func monotonicNanoseconds() -> UInt64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
}

/// The number of the process of a pidfd, as this process sees it.
public func processID(_ pidfd: CInt) throws(SystemCallError) -> CInt {
    let text = String(
        decoding: try openAt(currentDirectory, "/proc/self/fdinfo/\(pidfd)", flags: O_RDONLY).readAll(limit: 4096) ?? [], as: UTF8.self)
    let line = text.split(separator: "\n").first { $0.hasPrefix("Pid:") }
    guard let number = line.flatMap({ CInt($0.dropFirst(4).trimmingPrefix { $0 == "\t" || $0 == " " }) }), number > 0 else {
        throw SystemCallError(call: "find the process of a pidfd", errno: ESRCH)
    }
    return number
}
