// SPDX-License-Identifier: Apache-2.0
// Stands in for swiftlet-unpack: keeps its interface with the launcher, and reports how it is confined. The first byte of the blob says what to do.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *outcome(long result) { return result >= 0 ? "allowed" : strerrorname_np(errno); }

static void wait_for_ever(void) {
    int word = 0;
    for (;;) syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0);
}

static void report_confinement(FILE *report) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {0};
    struct rlimit limit;
    fprintf(report, "root %s\n", outcome(open("/", O_RDONLY | O_DIRECTORY)));
    fprintf(report, "beside %s\n", outcome(mkdirat(AT_FDCWD, "/beside", 0700)));
    fprintf(report, "mount %s\n", outcome(mount("none", "/layer", "tmpfs", 0, 0)));
    fprintf(report, "socket %s\n", outcome(socket(AF_UNIX, SOCK_STREAM, 0)));
    fprintf(report, "process %s\n", outcome(syscall(SYS_clone, 17, 0, 0, 0, 0)));
    fprintf(report, "program %s\n", outcome(execve("/layer/report", (char *[]){"x", NULL}, NULL)));
    fprintf(report, "device %s\n", outcome(mknodat(AT_FDCWD, "/layer/disk", S_IFBLK | 0600, 0x800)));
    fprintf(report, "whiteout %s\n", outcome(mknodat(AT_FDCWD, "/layer/whiteout", S_IFCHR, 0)));
    fprintf(report, "memory %s\n", malloc(512 << 20) ? "allowed" : strerrorname_np(errno));
    getrlimit(RLIMIT_CPU, &limit);
    fprintf(report, "seconds %lu\n", (unsigned long)limit.rlim_max);
}

int main(int argc, char **argv) {
    char what = 0;
    int open_numbers = 0;
    for (int number = 4; number < 64; number++) open_numbers += fcntl(number, F_GETFD) >= 0;
    if (argc != 7) return fprintf(stderr, "bad arguments"), 1;
    FILE *report = fopen("/layer/report", "w");
    if (!strcmp(argv[4], "inflated")) { // What the stand-in before us says is the report.
        char buffer[65536];
        for (ssize_t count; (count = read(0, buffer, sizeof buffer)) > 0;) {
            if (buffer[0] == 'F') return fprintf(stderr, "the tar is nonsense"), 1;
            fwrite(buffer, 1, (size_t)count, report);
        }
        fclose(report);
        return dprintf(3, "ok 1 42 0\n"), 0;
    }
    if (pread(0, &what, 1, atol(argv[2])) != 1) return fprintf(stderr, "no blob"), 1;
    if (what == 'f') return fprintf(stderr, "entry ../evil leaves the root"), 1;
    if (what == 'k') abort();
    if (what == 'w') { for (int n = 0; n < 100000; n++) fprintf(stderr, "noise %d\n", n); return 1; }
    if (what == 's') wait_for_ever();
    fprintf(report, "args %s %s %s %s\n%s\n", argv[1], argv[3], argv[4], argv[5], argv[6]);
    fprintf(report, "pid %d\n", getpid());
    fprintf(report, "further descriptors %d\n", open_numbers);
    report_confinement(report);
    fclose(report);
    fchownat(AT_FDCWD, "/layer/report", 1234, 1234, 0);
    fchmodat(AT_FDCWD, "/layer/report", 04755, 0);
    dprintf(3, "ok 1 42 0\n");
    return 0;
}
