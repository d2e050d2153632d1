// SPDX-License-Identifier: Apache-2.0
import CSeccomp
import Glibc
import LinuxSystem
import Sandbox

/// The system calls of `swiftlet-ahead`; anything else fails with EPERM.
enum ReadAheadCalls {
    private static let own = [
        "read", "pread64", "write", "sendmsg", "recvmsg", "poll", "ppoll", "epoll_create1", "epoll_ctl", "epoll_wait", "openat", "openat2",
        "fstat", "newfstatat", "statx", "lseek", "fcntl", "close", "getdents64", "renameat", "renameat2", "unlinkat", "fsync", "mincore",
        "fadvise64", "clock_gettime", "prctl",
    ]

    static func filter() throws(SystemCallError) -> SeccompFilter {
        try SeccompFilter(otherwise: DeniedCalls.error(EPERM)) { context throws(SystemCallError) in
            for name in UnpackCalls.start + UnpackCalls.memory + UnpackCalls.end + own {
                try SeccompFilter.add(context, DeniedCalls.allow, name)
            }
            // Only itself, by the descriptor that is closed when it runs.
            let itself = scmp_arg_cmp(arg: 0, op: SCMP_CMP_EQ, datum_a: 4, datum_b: 0)
            let byDescriptor = scmp_arg_cmp(arg: 4, op: SCMP_CMP_EQ, datum_a: UInt64(UnpackCalls.emptyPath), datum_b: 0)
            try SeccompFilter.add(context, DeniedCalls.allow, "execveat", [itself, byDescriptor])
        }
    }
}
