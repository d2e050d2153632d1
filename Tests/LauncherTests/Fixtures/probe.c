// SPDX-License-Identifier: Apache-2.0
// A program that runs inside an instance and does, or reports, what its first argument says. Static, so that an image needs nothing else.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void serve(int port) {
    int server = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (bind(server, (void *)&address, sizeof address) || listen(server, 64)) exit(97);
    for (;;) {
        int client = accept(server, 0, 0);
        char buffer[4096];
        if (read(client, buffer, sizeof buffer) > 0) dprintf(client, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nhi\n");
        close(client);
    }
}

/// At the first connection a child uses up the memory; whoever listens goes on.
static void serve_until_memory(int port) {
    int server = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (bind(server, (void *)&address, sizeof address) || listen(server, 64)) exit(97);
    accept(server, 0, 0);
    if (fork() == 0) for (;;) memset(mmap(0, 1 << 20, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 1, 1 << 20);
    for (;;) pause();
}

static void listen_once(int port) {
    int server = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    bind(server, (void *)&address, sizeof address);
    listen(server, 1);
    close(server);
}

static void say(const char *name, long result) { printf("%s=%s\n", name, result >= 0 ? "ok" : strerrorname_np(errno)); }

static void status_lines(void) {
    FILE *file = fopen("/proc/self/status", "r");
    char line[512];
    while (fgets(line, sizeof line, file))
        if (!strncmp(line, "Cap", 3) || !strncmp(line, "NoNew", 5) || !strncmp(line, "Seccomp:", 8) || !strncmp(line, "Uid", 3) ||
            !strncmp(line, "Gid", 3) || !strncmp(line, "Groups", 6) || !strncmp(line, "SigBlk", 6))
            fputs(line, stdout);
}

static void calls(void) {
    struct clone_args { unsigned long long a[11]; } args = {0};
    DIR *fds = opendir("/proc/self/fd");
    printf("fds=");
    for (struct dirent *entry; (entry = readdir(fds));)
        if (entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(fds)) printf("%s ", entry->d_name);
    printf("\n");
    say("mount", mount("none", "/tmp", "tmpfs", 0, 0));
    say("umount", umount2("/proc", MNT_DETACH));
    say("unshare-user", unshare(CLONE_NEWUSER));
    say("clone-user", syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
    say("clone3", syscall(SYS_clone3, &args, sizeof args));
    say("setns", setns(0, 0));
    say("bpf", syscall(SYS_bpf, 0, 0, 0));
    say("keyctl", syscall(SYS_keyctl, 0, 0, 0));
    say("ptrace", syscall(SYS_ptrace, 16, 1, 0, 0));
    say("io_uring", syscall(425, 1, 0));
    say("userfaultfd", syscall(SYS_userfaultfd, 0));
    say("perf", syscall(SYS_perf_event_open, 0, 0, 0, 0, 0));
    for (const int *family = (const int[]){40, 38, 17, 15, 0}; *family; family++) printf("family-%d=%s\n", *family, socket(*family, SOCK_RAW, 0) >= 0 ? "ok" : strerrorname_np(errno));
    say("type-into-terminal", ioctl(0, TIOCSTI, "x"));
    say("raw", socket(AF_INET, SOCK_RAW, 1));
    say("chroot", chroot("/"));
    say("mknod", mknod("/tmp/sda", S_IFBLK | 0600, makedev(254, 0)));
    say("reboot", syscall(SYS_reboot, 0, 0, 0, 0));
    say("sethostname", sethostname("x", 1));
    say("write-root", open("/x", O_CREAT | O_WRONLY, 0600));
    say("write-tmp", open("/tmp/x", O_CREAT | O_WRONLY, 0600));
    say("write-sysctl", open("/proc/sys/kernel/core_pattern", O_WRONLY));
    say("write-sysrq", open("/proc/sysrq-trigger", O_WRONLY));
    say("init-exe", open("/proc/1/exe", O_WRONLY));
    say("init-environ", open("/proc/1/environ", O_RDONLY));
    say("init-fd", open("/proc/1/fd/4", O_WRONLY));
    say("init-memory", open("/proc/1/mem", O_RDWR));
    say("port-80", ({ int s = socket(AF_INET, SOCK_STREAM, 0); struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(80)}; bind(s, (void *)&a, sizeof a); }));
    char kcore[8];
    int file = open("/proc/kcore", O_RDONLY);
    printf("kcore=%zd\n", file < 0 ? -1 : read(file, kcore, sizeof kcore));
    struct stat null;
    stat("/dev/null", &null);
    printf("null=%u:%u %o\n", major(null.st_rdev), minor(null.st_rdev), null.st_mode);
    say("chmod-null", chmod("/dev/null", 0600));
    say("write-dev", open("/dev/x", O_CREAT | O_WRONLY, 0600));
    printf("processes=");
    DIR *processes = opendir("/proc");
    for (struct dirent *entry; (entry = readdir(processes));)
        if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') printf("%s ", entry->d_name);
    struct rlimit files, core;
    getrlimit(RLIMIT_NOFILE, &files);
    getrlimit(RLIMIT_CORE, &core);
    printf("\nfiles=%lu\ncore=%lu\numask=%o\nsession=%d\nniceness=%d\n", (unsigned long)files.rlim_max, (unsigned long)core.rlim_max, umask(0), getsid(0) == getpid(), getpriority(PRIO_PROCESS, 0));
}

/// Each call alone in a process of its own, with no arguments that mean anything.
static void try_numbers(char *numbers) {
    for (char *word = strtok(numbers, ","); word; word = strtok(0, ",")) {
        pid_t pid = fork();
        if (pid == 0) {
            alarm(2);
            long result = syscall(atol(word), 0, 0, 0, 0, 0, 0);
            printf("%s=%s\n", word, result >= 0 ? "ok" : strerrorname_np(errno));
            fflush(stdout);
            _exit(0);
        }
        waitpid(pid, 0, 0);
    }
}

static void list(const char *path) {
    DIR *folder = opendir(path);
    if (!folder) { printf("%s:%s\n", path, strerrorname_np(errno)); return; }
    printf("%s:", path);
    for (struct dirent *entry; (entry = readdir(folder));)
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) printf(" %s", entry->d_name);
    printf("\n");
}

static void print_file(const char *path) {
    char buffer[65536];
    int file = open(path, O_RDONLY);
    ssize_t count = file < 0 ? -1 : read(file, buffer, sizeof buffer);
    if (count < 0) printf("%s:%s\n", path, strerrorname_np(errno));
    else fwrite(buffer, 1, count, stdout);
}

/// What a filter for one kind of call leaves open in the others: `getpid` by the numbers of i386, and by those of x32.
static void other_numbers(void) {
    for (int way = 0; way < 2; way++) {
        int pipes[2], status;
        long result = 0;
        pipe(pipes);
        pid_t pid = fork();
        if (pid == 0) {
            if (way == 0) __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
            else result = syscall(0x40000000 | SYS_getpid), result = result < 0 ? -errno : result;
            write(pipes[1], &result, sizeof result);
            _exit(0);
        }
        close(pipes[1]);
        waitpid(pid, &status, 0);
        const char *name = way == 0 ? "i386" : "x32";
        if (read(pipes[0], &result, sizeof result) != sizeof result) printf("%s=killed\n", name);
        else printf("%s=%s\n", name, (int)result >= 0 ? "ok" : strerrorname_np(-(int)result));
        close(pipes[0]);
    }
}

static void namespaces(void) {
    for (const char *const *kind = (const char *const[]){"cgroup", "ipc", "mnt", "net", "pid", "user", "uts", NULL}; *kind; kind++) {
        char path[64], name[64] = {0};
        snprintf(path, sizeof path, "/proc/self/ns/%s", *kind);
        readlink(path, name, sizeof name - 1);
        puts(name);
    }
}

static long connect_to(const char *place) {
    struct sockaddr_in internet = {.sin_family = AF_INET, .sin_port = htons(atoi(place)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    strncpy(local.sun_path + 1, place, sizeof local.sun_path - 2);
    int is_port = atoi(place) > 0, number = socket(is_port ? AF_INET : AF_UNIX, SOCK_STREAM, 0);
    return is_port ? connect(number, (void *)&internet, sizeof internet) : connect(number, (void *)&local, offsetof(struct sockaddr_un, sun_path) + 1 + strlen(place));
}

/// Writes one file until it grows no more, or makes files until there is no more.
static void fill(const char *folder, int many) {
    char path[PATH_MAX];
    static char block[1 << 16];
    long count = 0;
    snprintf(path, sizeof path, "%s/big", folder);
    int file = many ? -1 : open(path, O_CREAT | O_WRONLY, 0600);
    for (; count < (1L << 32); count++) {
        if (many) {
            snprintf(path, sizeof path, "%s/file-%ld", folder, count);
            if ((file = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600)) < 0) break;
            close(file);
        } else if (write(file, block, sizeof block) < (ssize_t)sizeof block) break;
    }
    printf("%s: %ld %s, %s\n", folder, count, many ? "files" : "blocks", strerrorname_np(errno));
}

static void open_terminals(void) {
    int count = 0;
    while (open("/dev/ptmx", O_RDWR | O_NOCTTY) >= 0) count++;
    printf("terminals: %d, %s\n", count, strerrorname_np(errno));
}

/// Nothing where SKIP is set, so that of two starts with the same arguments only one reads.
static void read_file(const char *path) {
    static char block[1 << 16];
    int file = getenv("SKIP") ? -1 : open(path, O_RDONLY | O_NONBLOCK);
    while (file >= 0 && read(file, block, sizeof block) > 0);
    close(file);
}

static void map_page(const char *path, long page) {
    int file = getenv("SKIP") ? -1 : open(path, O_RDONLY);
    if (file < 0) return;
    volatile char *memory = mmap(0, (page + 1) * 4096, PROT_READ, MAP_SHARED, file, 0);
    if (memory != MAP_FAILED) (void)memory[page * 4096];
    close(file);
}

static void read_all(const char *folder) {
    DIR *entries = opendir(folder);
    char path[PATH_MAX];
    for (struct dirent *entry; entries && (entry = readdir(entries));)
        if (entry->d_name[0] != '.') snprintf(path, sizeof path, "%s/%s", folder, entry->d_name), read_file(path);
}

int main(int argc, char **argv) {
    setvbuf(stdout, 0, _IOLBF, 0);
    for (int index = 1; index < argc; index++) {
        const char *what = argv[index], *next = index + 1 < argc ? argv[index + 1] : "";
        if (!strcmp(what, "serve")) serve(atoi(next));
        else if (!strcmp(what, "serve-until-memory")) serve_until_memory(atoi(next));
        else if (!strcmp(what, "listen")) listen_once(atoi(next)), index++;
        else if (!strcmp(what, "fork-serve")) { if (fork() == 0) serve(atoi(next)); index++; pause(); }
        else if (!strcmp(what, "exit")) exit(atoi(next));
        else if (!strcmp(what, "crash")) abort();
        else if (!strcmp(what, "ignore-term")) signal(SIGTERM, SIG_IGN);
        else if (!strcmp(what, "pause")) for (;;) pause();
        else if (!strcmp(what, "orphans")) {
            for (int n = 0; n < 50; n++) if (fork() == 0) { if (fork() == 0) { usleep(1000); _exit(0); } _exit(0); }
            while (wait(0) > 0) {}
            usleep(50000);
        } else if (!strcmp(what, "memory")) {
            for (size_t size = 0; size < (1UL << 30); size += 1 << 20) memset(mmap(0, 1 << 20, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 1, 1 << 20);
        } else if (!strcmp(what, "fork-bomb")) {
            int made = 0;
            while (made < 5000) { pid_t pid = fork(); if (pid == 0) for (;;) pause(); if (pid < 0) break; made++; }
            printf("forks=%d %s\n", made, strerrorname_np(errno));
        } else if (!strcmp(what, "status")) status_lines();
        else if (!strcmp(what, "calls")) calls();
        else if (!strcmp(what, "numbers")) try_numbers(argv[++index]);
        else if (!strcmp(what, "personality")) say(next, syscall(SYS_personality, strtoul(next, 0, 0))), index++;
        else if (!strcmp(what, "other-numbers")) other_numbers();
        else if (!strcmp(what, "namespaces")) namespaces();
        else if (!strcmp(what, "connect")) say(next, connect_to(next)), index++;
        else if (!strcmp(what, "reaches")) { if (connect_to(next)) return 1; index++; }
        else if (!strcmp(what, "fill")) fill(next, 0), index++;
        else if (!strcmp(what, "fill-with-files")) fill(next, 1), index++;
        else if (!strcmp(what, "open-terminals")) open_terminals();
        else if (!strcmp(what, "audit")) say(what, socket(AF_NETLINK, SOCK_RAW, 9));
        else if (!strcmp(what, "owner")) { struct stat s = {0}; say(next, stat(next, &s)); printf("%s=%u:%u\n", next, s.st_uid, s.st_gid); index++; }
        else if (!strcmp(what, "chown")) say(what, (close(open("/tmp/mine", O_CREAT | O_WRONLY, 0600)), chown("/tmp/mine", 33, 33)));
        else if (!strcmp(what, "list")) list(next), index++;
        else if (!strcmp(what, "read")) read_file(next), index++;
        else if (!strcmp(what, "open")) close(open(next, O_RDONLY)), index++;
        else if (!strcmp(what, "read-all")) read_all(next), index++;
        else if (!strcmp(what, "map-page")) map_page(next, atol(argv[index + 2])), index += 2;
        else if (!strcmp(what, "cat")) print_file(next), index++;
        else if (!strcmp(what, "env")) { extern char **environ; for (char **e = environ; *e; e++) puts(*e); }
        else if (!strcmp(what, "cwd")) { char path[PATH_MAX]; puts(getcwd(path, sizeof path) ? path : "none"); }
        else if (!strcmp(what, "hostname")) { char name[256]; gethostname(name, sizeof name); puts(name); }
        else if (!strcmp(what, "exe")) { char path[PATH_MAX] = {0}; readlink("/proc/self/exe", path, sizeof path); puts(path); }
        else if (!strcmp(what, "stdout-by-name")) { int f = open("/dev/stdout", O_WRONLY); if (f < 0) puts(strerrorname_np(errno)); else dprintf(f, "opened\n"); }
        else if (!strcmp(what, "long-line")) { static char block[1 << 20]; memset(block, 'x', sizeof block); for (int n = 0; n < 10; n++) for (size_t done = 0; done < sizeof block;) done += write(1, block + done, sizeof block - done); }
        else { printf("unknown %s\n", what); return 98; }
    }
    return 0;
}
