// SPDX-License-Identifier: Apache-2.0
// unsynced PROGRAM ARGUMENT…: runs a program with its standard output as descriptor 3 too and its syncfs(2) answered as done. What a layer takes until it
// is written is then not what making another layer durable takes, which is measured apart.
#include <err.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv) {
    struct sock_filter lines[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_syncfs, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {sizeof lines / sizeof *lines, lines};
    if (argc < 2) errx(64, "usage: unsynced PROGRAM ARGUMENT…");
    if (dup2(1, 3) != 3) err(1, "dup2");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) err(1, "prctl");
    execv(argv[1], argv + 1);
    err(1, "%s", argv[1]);
}
