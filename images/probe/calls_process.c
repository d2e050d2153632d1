// SPDX-License-Identifier: Apache-2.0
// Calls on other processes, on key rings, on one's own ids and rank.
#include "report.h"
#include "trial.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static pid_t reporter;

static long descriptor(long value) { return value < 0 ? -errno : 0; }

/// Reads nothing: the remote address is bad, and the permission is asked first. Where this program itself is process 1 there is no other to read.
static long read_init(const void *u) {
    (void)u;
    if (reporter == 1) return -ESRCH;
    char byte;
    struct iovec here = {&byte, 1}, there = {(void *)8, 1};
    return answer(syscall(SYS_process_vm_readv, 1, &here, 1L, &there, 1L, 0L));
}
static long take_descriptor(const void *u) {
    (void)u;
    if (reporter == 1) return -ESRCH;
    int init = syscall(SYS_pidfd_open, 1, 0);
    return init < 0 ? -errno : descriptor(syscall(SYS_pidfd_getfd, init, 0, 0));
}
static long compare(const void *u) { (void)u; return reporter == 1 ? -ESRCH : descriptor(syscall(SYS_kcmp, getpid(), 1, 1, 0L, 0L)); }
static long pages_of_init(const void *u) { (void)u; return reporter == 1 ? -ESRCH : answer(syscall(SYS_move_pages, 1, 0L, NULL, NULL, NULL, 0)); }
static long trace_me(const void *u) { (void)u; return answer(ptrace(PTRACE_TRACEME, 0, NULL, NULL)); }
static long signal_init(const void *u) { (void)u; return reporter == 1 ? -ESRCH : answer(syscall(SYS_kill, 1, 0)); }

static long key_add(const void *u) { (void)u; return descriptor(syscall(SYS_add_key, "user", "swiftlet-probe", "x", 1L, KEY_SPEC_PROCESS_KEYRING)); }
static long key_request(const void *u) { (void)u; return answer(syscall(SYS_request_key, "user", "swiftlet-no-such-key", NULL, 0)); }
static long key_ring(const void *u) { (void)u; return answer(syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0)); }
/// The host puts a key of this name into the session's ring before it starts the sandbox: finding it means that the ring is shared.
static long key_of_host(const void *u) {
    (void)u;
    return descriptor(syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", "swiftlet-probe-host", 0));
}

static long become_user(const void *u) { (void)u; return answer(syscall(SYS_setresuid, 1, 1, 1)); }
static long drop_groups(const void *u) { (void)u; return answer(syscall(SYS_setgroups, 0, NULL)); }
static long own_file(const void *u) {
    (void)u;
    const char *path = "/tmp/swiftlet-probe-file";
    int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (file < 0) return -errno;
    long value = answer(fchown(file, 1, 1));
    unlink(path);
    return value;
}
static long no_randomness(const void *u) { (void)u; return answer(syscall(SYS_personality, ADDR_NO_RANDOMIZE)) < 0 ? -errno : 0; }
static long old_personality(const void *u) { (void)u; return answer(syscall(SYS_personality, READ_IMPLIES_EXEC | ADDR_COMPAT_LAYOUT)) < 0 ? -errno : 0; }
static long segment_table(const void *u) { char text[64]; (void)u; return descriptor(syscall(SYS_modify_ldt, 0, text, sizeof text)); }
static long higher_rank(const void *u) { (void)u; return answer(setpriority(PRIO_PROCESS, 0, -5)); }
static long real_time(const void *u) { (void)u; struct sched_param rank = {1}; return answer(sched_setscheduler(0, SCHED_FIFO, &rank)); }
static long memory_policy(const void *u) { (void)u; return answer(syscall(SYS_get_mempolicy, NULL, NULL, 0L, NULL, 0L)); }
static long more_files(const void *u) {
    (void)u;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit)) return -errno;
    limit.rlim_max += 1;
    return answer(setrlimit(RLIMIT_NOFILE, &limit));
}
/// The name stays what it is.
static long host_name(const void *u) {
    char name[256];
    (void)u;
    if (gethostname(name, sizeof name)) return -errno;
    return answer(sethostname(name, strnlen(name, sizeof name)));
}

void report_peers(struct json *j) {
    static const struct trial all[] = {
        {"process_vm_readv of process 1", read_init, NULL, {EFAULT}},
        {"pidfd_getfd of process 1", take_descriptor, NULL, {EBADF}},
        {"kcmp with process 1", compare, NULL, {0}},
        {"move_pages of process 1", pages_of_init, NULL, {0}},
        {"kill process 1 (signal 0)", signal_init, NULL, {0}},
        {"ptrace own child", trace_me, NULL, {0}},
        {"add_key", key_add, NULL, {EDQUOT}},
        {"request_key", key_request, NULL, {ENOKEY}},
        {"keyctl", key_ring, NULL, {ENOKEY}},
        {"key of the host's session", key_of_host, NULL, {0}},
        {"setresuid to another", become_user, NULL, {0}},
        {"setgroups", drop_groups, NULL, {0}},
        {"chown to another", own_file, NULL, {0}},
        {"personality without randomness", no_randomness, NULL, {0}},
        {"personality of old systems", old_personality, NULL, {0}},
        {"modify_ldt", segment_table, NULL, {0}},
        {"raise priority", higher_rank, NULL, {0}},
        {"real-time scheduling", real_time, NULL, {0}},
        {"get_mempolicy", memory_policy, NULL, {0}},
        {"raise the hard limit of files", more_files, NULL, {0}},
        {"sethostname", host_name, NULL, {0}},
    };
    reporter = getpid();
    trials_report(j, "callsProcess", all, sizeof all / sizeof *all);
}
