// SPDX-License-Identifier: Apache-2.0
// Files through which a host is read or steered: opened for writing (nothing is written), read a little, or a folder made and removed.
#include "report.h"
#include "trial.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static long open_writing(const void *path) { return answer(open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY)) < 0 ? -errno : 0; }

/// The count of bytes read; a masked file answers 0, and so does /dev/null in its place.
static long read_some(const void *path) {
    char text[256];
    return read_file(path, text, sizeof text);
}

/// Only opened: reading the kernel's log here would take it from its reader.
static long open_reading(const void *path) { return answer(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) < 0 ? -errno : 0; }

static long make_folder(const void *path) {
    if (mkdir(path, 0700)) return -errno;
    rmdir(path);
    return 0;
}

/// The same value goes back in, so a host on which this is allowed stays as it is.
static long rewrite(const void *path) {
    char text[128];
    long length = read_file(path, text, sizeof text);
    if (length < 0) return length;
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return -errno;
    return answer(write(file, text, length)) < 0 ? -errno : 0;
}

static long lower_oom_score(const void *unused) {
    (void)unused;
    int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    return file < 0 || write(file, "-999", 4) < 0 ? -errno : 0;
}

static void each(struct json *j, attempt run, const char *verb, const char *const *paths, int past) {
    for (; *paths; paths++) {
        char name[160];
        snprintf(name, sizeof name, "%s %s", verb, *paths);
        struct trial trial = {name, run, *paths, {past}};
        trial_report(j, &trial);
    }
}

void report_files(struct json *j) {
    static const char *const written[] = {
        "/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/kernel/panic",
        "/proc/sys/vm/drop_caches", "/proc/sys/fs/file-max", "/proc/sys/fs/binfmt_misc/register", "/proc/sys/net/core/somaxconn",
        "/proc/self/exe", "/proc/1/exe", "/proc/1/mem", "/proc/irq/default_smp_affinity", "/proc/mtrr", "/proc/acpi/wakeup",
        "/sys/kernel/uevent_helper", "/sys/kernel/uevent_seqnum", "/sys/kernel/mm/transparent_hugepage/enabled", "/sys/kernel/mm/ksm/run",
        "/sys/power/state", "/sys/kernel/profiling", "/sys/kernel/kexec_crash_size", "/sys/fs/cgroup/cgroup.procs",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/release_agent", "/sys/fs/cgroup/memory.max", "/dev/mem", "/dev/kvm",
        "/dev/fuse", "/dev/net/tun", "/dev/vda", "/dev/sda", "/dev/loop0", "/dev/console", NULL,
    };
    static const char *const seen[] = {
        "/proc/kcore", "/proc/keys", "/proc/key-users", "/proc/kallsyms", "/proc/sched_debug", "/proc/timer_list", "/proc/timer_stats",
        "/proc/latency_stats", "/proc/interrupts", "/proc/iomem", "/proc/config.gz", "/proc/cmdline", "/proc/scsi/scsi", "/proc/modules",
        "/proc/vmallocinfo", "/proc/slabinfo", "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/random/boot_id", "/proc/1/environ",
        "/sys/kernel/notes", "/sys/kernel/vmcoreinfo", "/sys/class/dmi/id/product_uuid", "/sys/fs/cgroup/memory/memory.limit_in_bytes", NULL,
    };
    static const char *const opened[] = {"/proc/kmsg", "/dev/kmsg", "/dev/port", "/proc/1/root", "/proc/1/cwd", "/proc/acpi", "/proc/scsi", "/proc/asound",
        "/sys/firmware", "/sys/devices/virtual/powercap", "/sys/kernel/debug", "/sys/kernel/tracing", "/sys/kernel/security", "/sys/fs/bpf",
        "/sys/module", "/sys/block", NULL};
    static const char *const folders[] = {"/swiftlet-probe", "/etc/swiftlet-probe", "/tmp/swiftlet-probe", "/run/swiftlet-probe", "/dev/swiftlet-probe",
        "/dev/shm/swiftlet-probe", "/proc/swiftlet-probe", "/sys/swiftlet-probe", "/sys/fs/cgroup/swiftlet-probe",
        "/sys/fs/cgroup/memory/swiftlet-probe", NULL};
    static const char *const rewritten[] = {"/proc/sys/kernel/hostname", "/proc/self/setgroups", "/proc/self/coredump_filter", NULL};
    json_open(j, "files", '[');
    each(j, open_writing, "write", written, ETXTBSY);
    each(j, read_some, "read", seen, 0);
    each(j, open_reading, "open", opened, 0);
    each(j, make_folder, "mkdir", folders, 0);
    each(j, rewrite, "rewrite", rewritten, 0);
    struct trial score = {"lower oom_score_adj", lower_oom_score, NULL, {0}};
    trial_report(j, &score);
    json_close(j, ']');
    char text[256];
    long length = read_file("/proc/sys/kernel/core_pattern", text, sizeof text);
    if (length > 0) json_bytes(j, "corePattern", text, length - 1);
}
