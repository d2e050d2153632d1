// SPDX-License-Identifier: Apache-2.0
import CSeccomp
import Glibc

/// What the default profile of container engines keeps from a process without capabilities, written as what is denied.
/// Everything that the profile grants only with a capability is denied always, since instances have none of those.
enum DeniedCalls {
    struct ByArgument {
        var name: String
        var argument: UInt32
        var comparison: scmp_compare
        var first: UInt64
        var second: UInt64
        var errno: CInt
        /// A second condition: an argument and the value that it must have.
        var and: (argument: UInt32, value: UInt64)?
    }

    // Macros with arguments or casts, which Swift does not see. Source: seccomp.h.
    static let allow: UInt32 = 0x7fff_0000
    static let notify: UInt32 = 0x7fc0_0000
    static func error(_ errno: CInt) -> UInt32 { 0x0005_0000 | UInt32(errno) }

    static let always: [String] =
        mounts + namespaces + modules + clocks + keys + tracing + memoryPlacement + machine + obsolete

    private static let mounts = [
        "mount", "umount", "umount2", "pivot_root", "chroot", "open_tree", "open_tree_attr", "move_mount", "fsopen", "fsconfig", "fsmount",
        "fspick",
        "mount_setattr", "statmount", "listmount", "quotactl", "quotactl_fd", "swapon", "swapoff", "fanotify_init", "open_by_handle_at",
    ]
    private static let namespaces = ["unshare", "setns", "sethostname", "setdomainname"]
    private static let modules = ["init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "bpf"]
    private static let clocks = ["clock_settime", "clock_settime64", "clock_adjtime", "clock_adjtime64", "settimeofday", "stime"]
    private static let keys = ["add_key", "request_key", "keyctl"]
    private static let tracing = [
        "ptrace", "process_vm_readv", "process_vm_writev", "kcmp", "pidfd_getfd", "perf_event_open", "lookup_dcookie", "userfaultfd",
        "io_uring_setup", "io_uring_enter", "io_uring_register",
    ]
    private static let memoryPlacement = [
        "mbind", "set_mempolicy", "set_mempolicy_home_node", "get_mempolicy", "migrate_pages", "move_pages",
    ]
    private static let machine = ["reboot", "syslog", "acct", "iopl", "ioperm", "vhangup", "vm86", "vm86old"]
    private static let obsolete = [
        "create_module", "get_kernel_syms", "query_module", "nfsservctl", "sysfs", "_sysctl", "uselib", "ustat", "bdflush", "afs_syscall",
        "tuxcall", "getpmsg", "putpmsg", "security", "vserver",
    ]

    /// Answered as if the kernel had none of them, which programs know how to go on from.
    static let unknown = ["clone3", "futex_waitv", "io_pgetevents", "process_madvise", "vmsplice"]

    /// The highest number whose meaning was looked at when this list was made (`set_mempolicy_home_node`); the numbers are the same on every
    /// machine from 424 on. What a newer kernel has beyond it is unknown too.
    static let highest: UInt32 = 450

    /// What a program may ask of `personality`: the ordinary one, 32 bits, the name of an old release, both, and a question. Everything else
    /// weakens address space randomisation or makes data executable. Only the lower half of the argument counts for the kernel.
    static let personalities: [UInt32] = [0, 0x8, 0x2_0000, 0x2_0008, 0xffff_ffff]

    static let byArgument: [ByArgument] = newNamespaces + sockets + audit + terminal
    static let byArgumentWhenStrict: [ByArgument] = newNamespaces + socketsWhenStrict + terminal

    /// clone with any flag of a new namespace. clone3 keeps its flags in memory, where no filter sees them: it is answered ENOSYS, and the C
    /// libraries then use clone.
    private static let newNamespaces = [0x0002_0000, 0x0200_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000].map {
        ByArgument(name: "clone", argument: 0, comparison: SCMP_CMP_MASKED_EQ, first: $0, second: $0, errno: EPERM)
    }

    /// AF_NETLINK for NETLINK_AUDIT: the host's audit log.
    private static let audit = [
        ByArgument(name: "socket", argument: 0, comparison: SCMP_CMP_EQ, first: 16, second: 0, errno: EINVAL, and: (2, 9))
    ]

    /// Families that reach the kernel's crypto, a hypervisor, or interfaces below IP: AF_ALG, AF_VSOCK, AF_PACKET, AF_KEY.
    private static let sockets = [38, 40, 17, 15].map {
        ByArgument(name: "socket", argument: 0, comparison: SCMP_CMP_EQ, first: $0, second: 0, errno: EAFNOSUPPORT)
    }

    /// TIOCSTI types into a terminal, TIOCLINUX steers a console. Only 32 bits of the number count for the kernel.
    private static let terminal = [0x5412, 0x541c].map {
        ByArgument(name: "ioctl", argument: 1, comparison: SCMP_CMP_MASKED_EQ, first: 0xffff_ffff, second: $0, errno: EPERM)
    }
}
