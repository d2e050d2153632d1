// SPDX-License-Identifier: Apache-2.0
// What can be reached from here. Nothing is sent: a connection is asked for, and closed.
//   PROBE_LOOPBACK_PORT  a port on which the host listens at 127.0.0.1
//   PROBE_OTHER_PORT     a port on which another function's server, or another container's, listens in its own sandbox
//   PROBE_ABSTRACT       the name of an abstract Unix socket on which the host listens
//   PROBE_HOST_NETWORK   inode of the host's network namespace: in it, the metadata address is left alone
#include "report.h"
#include "trial.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static long connect_within(int any, const struct sockaddr *address, socklen_t length) {
    if (connect(any, address, length) == 0) return 0;
    if (errno != EINPROGRESS) return -errno;
    struct pollfd wait = {any, POLLOUT, 0};
    if (poll(&wait, 1, 400) <= 0) return -ETIMEDOUT;
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(any, SOL_SOCKET, SO_ERROR, &error, &size);
    return -error;
}

static long connect_ipv4(const char *text, long port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    inet_pton(AF_INET, text, &address.sin_addr);
    int any = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return any < 0 ? -errno : connect_within(any, (struct sockaddr *)&address, sizeof address);
}

static long loopback(const void *u) { (void)u; return connect_ipv4("127.0.0.1", environment_number("PROBE_LOOPBACK_PORT", 1)); }

static long other_function(const void *u) {
    (void)u;
    long port = environment_number("PROBE_OTHER_PORT", 0);
    return port ? connect_ipv4("127.0.0.1", port) : -ECANCELED;
}

static int only_loopback(void) {
    struct if_nameindex *all = if_nameindex();
    int alone = all != NULL;
    for (struct if_nameindex *at = all; at && at->if_index; at++)
        if (strcmp(at->if_name, "lo")) alone = 0;
    if (all) if_freenameindex(all);
    return alone;
}

static long metadata(const void *u) {
    (void)u;
    struct stat about;
    if (stat("/proc/self/ns/net", &about) || (long)about.st_ino == environment_number("PROBE_HOST_NETWORK", about.st_ino)) return -ECANCELED;
    // With a way out, only a network that was made for the test is asked.
    if (!only_loopback() && !getenv("PROBE_NETWORK_IS_OURS")) return -ECANCELED;
    return connect_ipv4("169.254.169.254", 80);
}

static long abstract_socket(const void *u) {
    (void)u;
    const char *name = getenv("PROBE_ABSTRACT");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!name) return -ECANCELED;
    strncpy(address.sun_path + 1, name, sizeof address.sun_path - 2);
    int any = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return any < 0 ? -errno : connect_within(any, (struct sockaddr *)&address, offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
}

void report_reach(struct json *j) {
    static const struct trial all[] = {
        {"the host's loopback", loopback, NULL, {0}},
        {"another function's server", other_function, NULL, {0}},
        {"169.254.169.254", metadata, NULL, {ETIMEDOUT}},
        {"an abstract socket of the host", abstract_socket, NULL, {0}},
    };
    trials_report(j, "reach", all, sizeof all / sizeof *all);
    json_open(j, "interfaces", '[');
    struct if_nameindex *interfaces = if_nameindex();
    for (struct if_nameindex *at = interfaces; at && at->if_index; at++) json_string(j, NULL, at->if_name);
    if (interfaces) if_freenameindex(interfaces);
    json_close(j, ']');
}
