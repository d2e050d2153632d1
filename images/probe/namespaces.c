// SPDX-License-Identifier: Apache-2.0
// Which namespaces the program is in (inode numbers), its names, and what it sees of processes and cgroups.
#include "report.h"
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/utsname.h>

static long processes_seen(void) {
    DIR *proc = opendir("/proc");
    if (!proc) return -1;
    long count = 0;
    for (struct dirent *entry; (entry = readdir(proc));)
        if (isdigit((unsigned char)entry->d_name[0])) count++;
    closedir(proc);
    return count;
}

void report_namespaces(struct json *j) {
    static const char *const kinds[] = {"mnt", "pid", "net", "ipc", "uts", "cgroup", "user", "time"};
    json_open(j, "namespaces", '{');
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char path[64];
        struct stat about;
        snprintf(path, sizeof path, "/proc/self/ns/%s", kinds[i]);
        if (!stat(path, &about)) json_number(j, kinds[i], about.st_ino);
    }
    json_close(j, '}');
    struct utsname names;
    if (!uname(&names)) {
        json_string(j, "hostname", names.nodename);
        json_string(j, "domainname", names.domainname);
        json_string(j, "kernel", names.release);
    }
    json_number(j, "processesSeen", processes_seen());
    char text[4096];
    long length = read_file("/proc/self/cgroup", text, sizeof text);
    if (length >= 0) json_bytes(j, "cgroup", text, length);
    length = read_file("/proc/1/comm", text, sizeof text);
    if (length > 0) json_bytes(j, "initName", text, length - 1);
}
