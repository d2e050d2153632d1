// SPDX-License-Identifier: Apache-2.0
import CSeccomp
import Glibc
import LinuxSystem
import Sandbox

/// The two programs that unpack layers, and what confines them that is the same for every layer.
final class UnpackTools {
    let unpacker: Descriptor.Box
    /// nil where it does not lie beside the launcher: then only plain layers can be unpacked.
    let inflater: Descriptor.Box?
    let filter: SeccompFilter
    /// What instances have, and one call more: the inflater lends its memory to its output. It narrows this to that, and to few other calls, by itself.
    let inflaterFilter: SeccompFilter
    /// nil where the kernel has no Landlock that is of use.
    let inflaterRules: LandlockRules?

    init(unpacker: Descriptor.Box, inflater: Descriptor.Box?) throws(SystemCallError) {
        filter = try Self.unpackerFilter()
        inflaterFilter = try SeccompFilter(.standard, reportsListen: false, knowing: ["vmsplice"])
        inflaterRules = try Self.inflaterRules(inflater?.number)
        self.unpacker = unpacker
        self.inflater = inflater
    }

    /// Rules for one unpacker: the folder that it fills, and its own program.
    func rules(target: CInt) throws(SystemCallError) -> LandlockRules? {
        guard let rules = try LandlockRules() else { return nil }
        try rules.allow(UnpackPlan.folderAccess, on: target)
        try rules.allow(UnpackPlan.programAccess, on: unpacker.number)
        return rules
    }

    private static func inflaterRules(_ program: CInt?) throws(SystemCallError) -> LandlockRules? {
        guard let program, let rules = try LandlockRules() else { return nil }
        try rules.allow(UnpackPlan.programAccess, on: program)
        for path in InflatePlan.libraries {
            let place: Descriptor.Box
            do { place = Descriptor.Box(try openAt(currentDirectory, path, flags: OpenFlags.path)) } catch  where error.errno == ENOENT {
                continue
            }
            var status = stat()
            try systemCall("fstat \(path)") { fstat(place.number, &status) }
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            try rules.allow(isFolder ? InflatePlan.libraryAccess : UnpackPlan.programAccess, on: place.number)
        }
        return rules
    }

    /// What the unpacker calls, and no more; anything else fails with EPERM.
    private static func unpackerFilter() throws(SystemCallError) -> SeccompFilter {
        try SeccompFilter(otherwise: DeniedCalls.error(EPERM)) { context throws(SystemCallError) in
            for name in UnpackCalls.allowed { try SeccompFilter.add(context, DeniedCalls.allow, name) }
            // Only itself, by the descriptor that is closed when it runs.
            let own = scmp_arg_cmp(arg: 0, op: SCMP_CMP_EQ, datum_a: 4, datum_b: 0)
            let byDescriptor = scmp_arg_cmp(arg: 4, op: SCMP_CMP_EQ, datum_a: UInt64(UnpackCalls.emptyPath), datum_b: 0)
            try SeccompFilter.add(context, DeniedCalls.allow, "execveat", [own, byDescriptor])
            // A thread of this process, and no process. clone3 keeps its flags where no filter sees them: glibc goes without it where it is unknown.
            let thread = scmp_arg_cmp(arg: 0, op: SCMP_CMP_EQ, datum_a: UInt64(UnpackCalls.threadFlags), datum_b: 0)
            try SeccompFilter.add(context, DeniedCalls.allow, "clone", [thread])
            try SeccompFilter.add(context, DeniedCalls.error(ENOSYS), "clone3")
        }
    }
}

/// The system calls of `swiftlet-unpack`, a static program with two threads.
enum UnpackCalls {
    /// AT_EMPTY_PATH of fcntl.h.
    static let emptyPath = 0x1000
    /// What pthread_create(3) gives clone(2): CLONE_VM, FS, FILES, SIGHAND, THREAD, SYSVSEM, SETTLS, PARENT_SETTID and CHILD_CLEARTID of sched.h.
    static let threadFlags = 0x3d_0f00

    static let allowed = start + memory + reading + making + end

    static let start = [
        "arch_prctl", "set_tid_address", "set_robust_list", "rseq", "prlimit64", "readlink", "readlinkat", "getrandom", "uname",
        "sched_getaffinity",
    ]
    static let memory = ["brk", "mmap", "mprotect", "munmap", "mremap", "madvise", "futex"]
    private static let reading = [
        "read", "pread64", "fstat", "fstatfs", "newfstatat", "statx", "lseek", "openat", "openat2", "getdents64", "fgetxattr", "fcntl",
        "close",
        "clock_gettime",
    ]
    private static let making = [
        "write", "pwrite64", "ftruncate", "umask", "mkdirat", "mknodat", "symlinkat", "linkat", "unlinkat", "fchown", "fchownat", "fchmod",
        "fchmodat",
        "utimensat", "fsetxattr", "syncfs",
    ]
    static let end = [
        "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "getpid", "gettid", "tgkill", "exit", "exit_group",
    ]
}
