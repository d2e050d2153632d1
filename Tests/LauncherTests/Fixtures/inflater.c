// SPDX-License-Identifier: Apache-2.0
// Stands in for swiftlet-inflate: linked dynamically as that is, it reports how it is confined before it gives up the rest by itself.
// The first byte of the blob says what to do.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static const char *outcome(long result) { return result >= 0 ? "allowed" : strerrorname_np(errno); }

int main(int argc, char **argv) {
    char what = 0;
    if (argc != 5 || pread(0, &what, 1, atol(argv[1])) != 1) return fprintf(stderr, "bad arguments"), 1;
    if (what == 'k') *(volatile int *)16 = 1;
    if (what == 'f') return fprintf(stderr, "the gzip data is damaged"), 1;
    if (what == 'F') { // What it makes is refused; it goes on as long as it may.
        while (write(1, "F", 1) == 1) {}
        return 3;
    }
    if (what == 'h') {
        char byte;
        while (write(1, "F", 1) == 1) pread(0, &byte, 1, 0);
        for (;;) pause();
    }
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {0};
    int open_numbers = 0;
    for (int number = 3; number < 64; number++) open_numbers += fcntl(number, F_GETFD) >= 0;
    syscall(SYS_capget, &header, data);
    printf("args %s %s %s\n", argv[1], argv[2], argv[3]);
    printf("user %d %d\n", getuid(), getgid());
    printf("pid %d\n", getpid());
    printf("capabilities %x %x\n", data[0].permitted, data[1].permitted);
    printf("further descriptors %d\n", open_numbers);
    printf("passwords %s\n", outcome(open("/etc/passwd", O_RDONLY)));
    printf("root %s\n", outcome(open("/", O_RDONLY | O_DIRECTORY)));
    printf("new file %s\n", outcome(open("/tmp/swiftlet-inflater-was-here", O_WRONLY | O_CREAT, 0600)));
    printf("mount %s\n", outcome(mount("none", "/tmp", "tmpfs", 0, 0)));
    printf("lending %s\n", outcome(vmsplice(1, &(struct iovec){0}, 1, 0)));
    printf("memory %s\n", malloc(512 << 20) ? "allowed" : strerrorname_np(errno));
    return 0;
}
