// SPDX-License-Identifier: Apache-2.0
import CSeccomp
import Glibc

/// What the profile "strict" denies besides: ways between processes, of scheduling and into the kernel that a server which talks IP, runs threads
/// and programs, and reads and writes files gets by without. Some of them had flaws by which programs became root.
extension DeniedCalls {
    static let whenStrict = sharedMemory + messageQueues + scheduling + rareFiles + rareMemory

    private static let sharedMemory = [
        "shmget", "shmat", "shmctl", "shmdt", "semget", "semop", "semtimedop", "semctl", "msgget", "msgsnd", "msgrcv", "msgctl",
    ]
    private static let messageQueues = ["mq_open", "mq_unlink", "mq_timedsend", "mq_timedreceive", "mq_notify", "mq_getsetattr"]
    private static let scheduling = ["sched_setattr", "sched_setscheduler", "sched_setparam", "setpriority", "ioprio_set"]
    private static let rareFiles = ["mknod", "mknodat", "name_to_handle_at", "splice", "tee"]
    private static let rareMemory = [
        "modify_ldt", "remap_file_pages", "memfd_secret", "pkey_alloc", "pkey_free", "pkey_mprotect", "process_mrelease", "cachestat",
    ]

    /// All families but local sockets and the two of IP: no netlink, and none of the rare protocols, whose modules are little looked at.
    static let socketsWhenStrict =
        (3...9).map { family(SCMP_CMP_EQ, $0) } + [family(SCMP_CMP_EQ, 0), family(SCMP_CMP_GT, 10)]

    private static func family(_ comparison: scmp_compare, _ number: UInt64) -> ByArgument {
        ByArgument(name: "socket", argument: 0, comparison: comparison, first: number, second: 0, errno: EAFNOSUPPORT)
    }
}
