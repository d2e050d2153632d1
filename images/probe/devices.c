// SPDX-License-Identifier: Apache-2.0
// What lies in /dev: a name, its kind and number each; symbolic links with their target.
#include "report.h"
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

void report_devices(struct json *j) {
    json_open(j, "devices", '[');
    DIR *folder = opendir("/dev");
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        char path[300], kind[200];
        struct stat about;
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        snprintf(path, sizeof path, "/dev/%s", entry->d_name);
        if (lstat(path, &about)) continue;
        if (S_ISCHR(about.st_mode) || S_ISBLK(about.st_mode))
            snprintf(kind, sizeof kind, "%s %u:%u", S_ISCHR(about.st_mode) ? "char" : "block", major(about.st_rdev), minor(about.st_rdev));
        else if (S_ISLNK(about.st_mode)) {
            char target[180];
            ssize_t length = readlink(path, target, sizeof target - 1);
            target[length < 0 ? 0 : length] = 0;
            snprintf(kind, sizeof kind, "link %s", target);
        } else strcpy(kind, S_ISDIR(about.st_mode) ? "folder" : "file");
        json_open(j, NULL, '{');
        json_string(j, "name", entry->d_name);
        json_string(j, "kind", kind);
        json_close(j, '}');
    }
    if (folder) closedir(folder);
    json_close(j, ']');
}
