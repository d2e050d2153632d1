// SPDX-License-Identifier: Apache-2.0
// Who the program is: ids, their maps, groups, capabilities, filter.
#include "report.h"
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static void status_line(struct json *j, const char *status, const char *field, const char *key) {
    char wanted[64];
    int length = snprintf(wanted, sizeof wanted, "\n%s:\t", field);
    const char *found = strstr(status, wanted);
    if (!found) return;
    found += length;
    json_bytes(j, key, found, strcspn(found, "\n"));
}

static void file_text(struct json *j, const char *key, const char *path) {
    char text[512];
    long length = read_file(path, text, sizeof text);
    if (length >= 0) json_bytes(j, key, text, length);
}

void report_identity(struct json *j) {
    char status[4096] = "";
    long length = read_file("/proc/self/status", status, sizeof status - 1);
    status[length > 0 ? length : 0] = 0;
    json_open(j, "identity", '{');
    json_number(j, "uid", geteuid());
    json_number(j, "gid", getegid());
    json_number(j, "pid", getpid());
    gid_t groups[64];
    int count = getgroups(64, groups);
    json_open(j, "groups", '[');
    for (int i = 0; i < count; i++) json_number(j, NULL, groups[i]);
    json_close(j, ']');
    file_text(j, "uidMap", "/proc/self/uid_map");
    file_text(j, "gidMap", "/proc/self/gid_map");
    file_text(j, "setgroups", "/proc/self/setgroups");
    status_line(j, status, "CapInh", "capInheritable");
    status_line(j, status, "CapPrm", "capPermitted");
    status_line(j, status, "CapEff", "capEffective");
    status_line(j, status, "CapBnd", "capBounding");
    status_line(j, status, "CapAmb", "capAmbient");
    status_line(j, status, "NoNewPrivs", "noNewPrivileges");
    status_line(j, status, "Seccomp", "seccompMode");
    status_line(j, status, "Seccomp_filters", "seccompFilters");
    json_number(j, "secureBits", prctl(PR_GET_SECUREBITS));
    json_number(j, "dumpable", prctl(PR_GET_DUMPABLE));
    int signal = 0;
    json_number(j, "parentDeathSignal", prctl(PR_GET_PDEATHSIG, &signal) ? -1 : signal);
    json_close(j, '}');
}
