// SPDX-License-Identifier: Apache-2.0
// Stands in for swiftlet-unpack: keeps its interface with the launcher, and reports how it is confined. The first byte of the blob says what to do.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv) {
    char what = 0;
    int open_numbers = 0;
    for (int number = 4; number < 64; number++) open_numbers += fcntl(number, F_GETFD) >= 0;
    if (argc != 6 || pread(0, &what, 1, atol(argv[2])) != 1) return fprintf(stderr, "bad arguments"), 1;
    if (what == 'f') return fprintf(stderr, "entry ../evil leaves the root"), 1;
    if (what == 'k') abort();
    if (what == 'w') { for (int n = 0; n < 100000; n++) fprintf(stderr, "noise %d\n", n); return 1; }
    if (what == 's') sleep(60);
    FILE *report = fopen("/layer/report", "w");
    fprintf(report, "args %s %s %s %s\n", argv[1], argv[3], argv[4], argv[5]);
    fprintf(report, "root");
    DIR *root = opendir("/");
    for (struct dirent *entry; (entry = readdir(root));) if (entry->d_name[0] != '.') fprintf(report, " %s", entry->d_name);
    fprintf(report, "\nmount %d\n", mount("none", "/layer", "tmpfs", 0, 0) ? errno : 0);
    fprintf(report, "pid %d\n", getpid());
    fprintf(report, "further descriptors %d\n", open_numbers);
    fprintf(report, "eth0 %u\n", if_nametoindex("eth0"));
    fclose(report);
    chown("/layer/report", 1234, 1234);
    chmod("/layer/report", 04755);
    dprintf(3, "ok 1 42\n");
    return 0;
}
