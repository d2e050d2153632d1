// SPDX-License-Identifier: Apache-2.0
// rewrite SOURCE TARGET: reads all files below SOURCE into memory, then writes them below TARGET and prints how many seconds the writing took.
// The floor of every unpacker: no reading, no inflating, no hashing, no parsing. Owner, mode and time are set where they are not as they are made.
#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct entry {
    char *path, *content;
    struct stat status;
};
static struct entry *entries;
static size_t count, room, skip;

static int remember(const char *path, const struct stat *status, int kind, struct FTW *place) {
    (void)kind, (void)place;
    if (count == room && !(entries = realloc(entries, (room = room * 2 + 1024) * sizeof *entries))) err(1, "memory");
    struct entry *entry = &entries[count++];
    entry->path = strdup(path + skip);
    entry->status = *status;
    if (S_ISREG(status->st_mode) || S_ISLNK(status->st_mode)) {
        if (!(entry->content = calloc(1, (size_t)status->st_size + 1))) err(1, "memory");
        if (S_ISLNK(status->st_mode)) return readlink(path, entry->content, (size_t)status->st_size) < 0;
        int fd = open(path, O_RDONLY);
        for (off_t done = 0; done < status->st_size;) {
            ssize_t got = read(fd, entry->content + done, (size_t)(status->st_size - done));
            if (got <= 0) err(1, "%s", path);
            done += got;
        }
        close(fd);
    }
    return 0;
}

static void make(int root, const struct entry *entry) {
    const char *name = entry->path[0] ? entry->path + 1 : ".";
    const struct stat *status = &entry->status;
    struct timespec times[2] = {status->st_mtim, status->st_mtim};
    if (S_ISDIR(status->st_mode)) {
        if (mkdirat(root, name, status->st_mode & 07777) != 0 && entry->path[0]) err(1, "%s", name);
    } else if (S_ISLNK(status->st_mode)) {
        if (symlinkat(entry->content, root, name) != 0) err(1, "%s", name);
        utimensat(root, name, times, AT_SYMLINK_NOFOLLOW);
    } else if (S_ISREG(status->st_mode)) {
        int fd = openat(root, name, O_WRONLY | O_CREAT | O_EXCL, status->st_mode & 07777);
        if (fd < 0) err(1, "%s", name);
        for (off_t done = 0; done < status->st_size;) {
            ssize_t put = write(fd, entry->content + done, (size_t)(status->st_size - done));
            if (put <= 0) err(1, "%s", name);
            done += put;
        }
        if (status->st_uid || status->st_gid) {
            if (fchown(fd, status->st_uid, status->st_gid) != 0) err(1, "%s", name);
        }
        futimens(fd, times);
        close(fd);
    }
}

int main(int argc, char **argv) {
    if (argc != 3) errx(64, "usage: rewrite SOURCE TARGET");
    umask(0);
    skip = strlen(argv[1]);
    if (nftw(argv[1], remember, 64, FTW_PHYS) != 0) err(1, "%s", argv[1]);
    int root = open(argv[2], O_RDONLY | O_DIRECTORY);
    if (root < 0) err(1, "%s", argv[2]);
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (size_t index = 0; index < count; index++) make(root, &entries[index]);
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%.6f\n", (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9);
    return 0;
}
