// SPDX-License-Identifier: Apache-2.0
// kernel STARTS WORKERS PROGRAM: what the kernel alone takes for a sandbox, one thing more from line to line: a child in namespaces with mounts, a filter and a
// second process executes PROGRAM (which ends at once) and is reaped. No daemon, no messages. Prints starts a second, and the machine's processor time of one.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { namespaces = 1, mounts = 2, second = 4, filtered = 8, network = 16 };
static const struct { const char *name; int what; } lines[] = {
    {"a process", 0}, {"+ mount, pid, ipc, uts, cgroup namespaces", namespaces}, {"+ root, 5 file systems, 20 covered paths", namespaces | mounts},
    {"+ a second process, the first as init", namespaces | mounts | second}, {"+ a filter of 300 instructions", namespaces | mounts | second | filtered},
    {"+ a network namespace each", namespaces | mounts | second | filtered | network}};

static double now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec + at.tv_nsec / 1e9;
}

/// Seconds that all processors have worked, kernel threads and interrupts too.
static double busy(void) {
    double user, nice, system, idle, wait, hard, soft;
    FILE *file = fopen("/proc/stat", "r");
    if (!file || fscanf(file, "cpu %lf %lf %lf %lf %lf %lf %lf", &user, &nice, &system, &idle, &wait, &hard, &soft) != 7) exit(2);
    fclose(file);
    return (user + nice + system + hard + soft) / (double)sysconf(_SC_CLK_TCK);
}

static void must(int result, const char *what) {
    if (result < 0) perror(what), _exit(3);
}

static void lay_mounts(const char *place) {
    char path[256], options[600];
    must(mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL), "propagation");
    snprintf(options, sizeof options, "lowerdir=%s/upper:%s/lower", place, place);
    snprintf(path, sizeof path, "%s/root", place);
    must(mount("overlay", path, "overlay", MS_RDONLY, options), "overlay");
    must(chdir(path), "chdir");
    must(mount("proc", "proc", "proc", 0, NULL), "proc");
    must(mount("tmpfs", "dev", "tmpfs", 0, NULL), "dev");
    must(mkdir("dev/pts", 0755), "mkdir");
    must(mount("devpts", "dev/pts", "devpts", 0, "newinstance"), "devpts");
    must(mount("tmpfs", "tmp", "tmpfs", 0, NULL), "tmp");
    for (int i = 0; i < 20; i++) must(mount("sys", i % 2 ? "proc/sys" : "proc/irq", NULL, MS_BIND, NULL), "cover");
    must((int)syscall(SYS_pivot_root, ".", "."), "pivot_root");
}

/// As long as a tree over all calls, of which each call walks nine.
static void load_filter(void) {
    struct sock_filter steps[300] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0)};
    for (int i = 1; i < 300; i++) {
        if (i < 10) steps[i] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 1000000 + i, 0, 0);
        else steps[i] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    }
    struct sock_fprog program = {300, steps};
    must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
    must((int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program), "seccomp");
}

static void start(int what, const char *place, char *program) {
    struct clone_args args = {.exit_signal = SIGCHLD};
    if (what & namespaces) args.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
    if (what & network) args.flags |= CLONE_NEWNET;
    pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
    must(pid, "clone3");
    if (pid > 0) {
        must(waitpid(pid, NULL, 0), "waitpid");
        return;
    }
    int file = open(program, O_PATH | O_CLOEXEC);
    if (what & mounts) lay_mounts(place);
    pid = what & second ? fork() : 0;
    must(pid, "fork");
    if (what & mounts && (pid > 0 || !(what & second))) must(umount2("/", MNT_DETACH), "detach");
    if (pid > 0) _exit(waitpid(pid, NULL, 0) < 0);
    if (what & filtered) load_filter();
    char *const words[] = {program, NULL}, *const none[] = {NULL};
    syscall(SYS_execveat, file, "", words, none, AT_EMPTY_PATH);
    _exit(4);
}

int main(int count, char **words) {
    if (count != 4) return 2;
    int starts = atoi(words[1]), workers = atoi(words[2]);
    char place[] = "/tmp/kernel-XXXXXX", path[256];
    must(mkdtemp(place) ? 0 : -1, "mkdtemp");
    static const char *const folders[] = {"root", "upper", "lower", "lower/proc", "lower/dev", "lower/sys", "lower/tmp"};
    for (int i = 0; i < 7; i++) snprintf(path, sizeof path, "%s/%s", place, folders[i]), must(mkdir(path, 0755), path);
    double first = 0;
    for (unsigned line = 0; line < sizeof lines / sizeof *lines; line++) {
        double began = now(), worked = busy();
        for (int worker = 0; worker < workers; worker++)
            if (fork() == 0) {
                for (int i = worker; i < starts; i += workers) start(lines[line].what, place, words[3]);
                _exit(0);
            }
        int status, failed = 0;
        while (wait(&status) > 0) failed |= status;
        double took = now() - began;
        usleep(300000);  // What the kernel takes down later counts as well.
        if (!first) first = starts / took;
        printf("| %s | %.0f | %.2f | %.0f |%s\n", lines[line].name, starts / took, starts / took / first, (busy() - worked) / starts * 1e6, failed ? " FAILED" : "");
    }
    for (int i = 6; i >= 0; i--) snprintf(path, sizeof path, "%s/%s", place, folders[i]), rmdir(path);
    return rmdir(place);
}
