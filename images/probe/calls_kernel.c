// SPDX-License-Identifier: Apache-2.0
// Calls on the kernel itself: modules, other kernels, clocks, devices, log, programs that run inside it.
#include "report.h"
#include "trial.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timex.h>
#include <unistd.h>

static long descriptor(long value) { return value < 0 ? -errno : 0; }

static long bpf_map(const void *u) {
    (void)u;
    union bpf_attr wanted;
    memset(&wanted, 0, sizeof wanted);
    wanted.map_type = BPF_MAP_TYPE_ARRAY, wanted.key_size = 4, wanted.value_size = 8, wanted.max_entries = 1;
    return descriptor(syscall(SYS_bpf, BPF_MAP_CREATE, &wanted, sizeof wanted));
}
static long perf(const void *u) {
    (void)u;
    struct perf_event_attr wanted = {.type = PERF_TYPE_SOFTWARE, .size = sizeof wanted, .config = PERF_COUNT_SW_DUMMY};
    return descriptor(syscall(SYS_perf_event_open, &wanted, 0, -1, -1, 0));
}
static long ring(const void *u) {
    (void)u;
    unsigned char parameters[256] = {0};
    return descriptor(syscall(SYS_io_uring_setup, 1, parameters));
}
static long fault_descriptor(const void *flags) { return descriptor(syscall(SYS_userfaultfd, (int)*(const long *)flags | O_CLOEXEC)); }
// Unknown flags: past the permission check this is EINVAL, and no kernel is loaded.
static long kexec(const void *u) { (void)u; return answer(syscall(SYS_kexec_load, 0L, 0L, NULL, 0xffffUL)); }
static long kexec_file(const void *u) { (void)u; return answer(syscall(SYS_kexec_file_load, -1, -1, 0L, NULL, 0xffffffffUL)); }
static long module_init(const void *u) { (void)u; return answer(syscall(SYS_init_module, NULL, 0L, "")); }
static long module_file(const void *u) { (void)u; return answer(syscall(SYS_finit_module, -1, "", 0)); }
static long module_delete(const void *u) { (void)u; return answer(syscall(SYS_delete_module, "no_such_module", O_NONBLOCK)); }
// The magic numbers are wrong: nothing restarts.
static long restart(const void *u) { (void)u; return answer(syscall(SYS_reboot, 1, 2, 0, NULL)); }
static long kernel_log(const void *u) {
    char text[64];
    (void)u;
    return descriptor(syscall(SYS_syslog, 3, text, sizeof text));
}
// Neither a time nor a zone: only the permission is asked for.
static long set_time(const void *u) { (void)u; return answer(syscall(SYS_settimeofday, NULL, NULL)); }
static long adjust_time(const void *u) {
    (void)u;
    struct timex change = {.modes = ADJ_TICK, .tick = 1};
    return descriptor(syscall(SYS_adjtimex, &change));
}
static long io_level(const void *u) { (void)u; return answer(syscall(SYS_iopl, 3)); }
static long io_ports(const void *u) { (void)u; return answer(syscall(SYS_ioperm, 0x80L, 1L, 1)); }
static long accounting(const void *u) { (void)u; return answer(syscall(SYS_acct, "/no-such-place")); }
static long cookie(const void *u) { char text[8]; (void)u; return answer(syscall(SYS_lookup_dcookie, 0L, text, sizeof text)); }
static long nfs(const void *u) { (void)u; return answer(syscall(SYS_nfsservctl, 0, NULL, NULL)); }
static long library(const void *u) { (void)u; return answer(syscall(SYS_uselib, "/no-such-place")); }
static long file_systems(const void *u) { (void)u; return answer(syscall(SYS_sysfs, 3)); }
static long device_status(const void *u) { char space[64]; (void)u; return answer(syscall(SYS_ustat, 0L, space)); }
static long hang_up(const void *u) { (void)u; setsid(); return answer(syscall(SYS_vhangup)); }

static long device_node(const void *kind) {
    const char *path = "/tmp/swiftlet-probe-node";
    int block = *(const long *)kind != 0;
    if (mknod(path, (block ? S_IFBLK : S_IFCHR) | 0600, block ? makedev(254, 0) : makedev(1, 5))) return -errno;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    long value = file < 0 ? -errno : 0;
    unlink(path);
    return value;
}
static long call_32_bit(const void *u) {
    (void)u;
    long value = -ENOSYS;
#if defined(__x86_64__)
    // 20 is getpid in the 32-bit table: a filter that knows only the 64-bit one lets the whole table by.
    __asm__ volatile("int $0x80" : "=a"(value) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
#endif
    return value < 0 ? value : 0;
}

/// getpid by the number that x32 programs use: a table of its own, which a filter may have forgotten.
static long call_x32(const void *u) { (void)u; return descriptor(syscall(0x40000000L | SYS_getpid)); }

void report_kernel(struct json *j) {
    static const long all_faults = 0, user_faults = 1, character = 0, block = 1;
    static const struct trial all[] = {
        {"bpf map", bpf_map, NULL, {0}},
        {"perf_event_open", perf, NULL, {0}},
        {"io_uring_setup", ring, NULL, {EINVAL}},
        {"userfaultfd", fault_descriptor, &all_faults, {0}},
        {"userfaultfd user mode", fault_descriptor, &user_faults, {0}},
        {"kexec_load", kexec, NULL, {EINVAL}},
        {"kexec_file_load", kexec_file, NULL, {EINVAL, EBADF}},
        {"init_module", module_init, NULL, {ENOEXEC, EFAULT}},
        {"finit_module", module_file, NULL, {EBADF, EINVAL}},
        {"delete_module", module_delete, NULL, {ENOENT}},
        {"reboot", restart, NULL, {EINVAL}},
        {"syslog read", kernel_log, NULL, {0}},
        {"settimeofday", set_time, NULL, {0}},
        {"adjtimex", adjust_time, NULL, {EINVAL}},
        {"iopl", io_level, NULL, {0}},
        {"ioperm", io_ports, NULL, {0}},
        {"acct", accounting, NULL, {ENOENT}},
        {"lookup_dcookie", cookie, NULL, {EINVAL}},
        {"nfsservctl", nfs, NULL, {0}},
        {"uselib", library, NULL, {ENOENT}},
        {"sysfs", file_systems, NULL, {0}},
        {"ustat", device_status, NULL, {EINVAL}},
        {"vhangup", hang_up, NULL, {0}},
        {"mknod and open a character device", device_node, &character, {ENXIO}},
        {"mknod and open a block device", device_node, &block, {ENXIO}},
        {"32-bit system call", call_32_bit, NULL, {0}},
        {"x32 system call", call_x32, NULL, {0}},
    };
    trials_report(j, "callsKernel", all, sizeof all / sizeof *all);
}
