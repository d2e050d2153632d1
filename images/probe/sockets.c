// SPDX-License-Identifier: Apache-2.0
// Which kinds of socket can be made, what may be done to the interfaces, and typing into a terminal.
#include "report.h"
#include "trial.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct kind { int family, type, protocol; };

static long make(const void *argument) {
    const struct kind *kind = argument;
    return answer(socket(kind->family, kind->type | SOCK_CLOEXEC, kind->protocol)) < 0 ? -errno : 0;
}

/// The flags go back as they are.
static long set_interface(const void *unused) {
    (void)unused;
    struct ifreq wanted = {0};
    strcpy(wanted.ifr_name, "lo");
    int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (any < 0 || ioctl(any, SIOCGIFFLAGS, &wanted)) return -errno;
    return answer(ioctl(any, SIOCSIFFLAGS, &wanted));
}

/// Types one character into a terminal of its own (CVE-2017-5226 was one shared with the host).
static long type_into_terminal(const void *unused) {
    (void)unused;
    char path[32];
    int unlock = 0, number = 0;
    setsid();
    int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) || ioctl(master, TIOCGPTN, &number)) return -errno;
    snprintf(path, sizeof path, "/dev/pts/%d", number);
    int terminal = open(path, O_RDWR | O_CLOEXEC);
    if (terminal < 0) return -errno;
    ioctl(terminal, TIOCSCTTY, 0);
    return answer(ioctl(terminal, TIOCSTI, "x"));
}

/// The host's terminal, if it was left to the program.
static long terminal_held(const void *unused) {
    (void)unused;
    int found = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
    return found < 0 ? -ENOENT : 0;
}

void report_sockets(struct json *j) {
    static const struct kind unix_ = {AF_UNIX, SOCK_STREAM, 0}, inet = {AF_INET, SOCK_STREAM, 0}, raw = {AF_INET, SOCK_RAW, IPPROTO_ICMP},
        packet = {AF_PACKET, SOCK_RAW, 0}, alg = {38, SOCK_SEQPACKET, 0}, vsock = {40, SOCK_STREAM, 0},
        route = {AF_NETLINK, SOCK_RAW, NETLINK_ROUTE}, filter = {AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER},
        audit = {AF_NETLINK, SOCK_RAW, NETLINK_AUDIT}, xfrm = {AF_NETLINK, SOCK_RAW, NETLINK_XFRM}, key = {15, SOCK_RAW, 2},
        bluetooth = {31, SOCK_RAW, 1}, can = {29, SOCK_RAW, 1}, tipc = {30, SOCK_STREAM, 0}, rds = {21, SOCK_SEQPACKET, 0},
        xdp = {44, SOCK_RAW, 0}, ax25 = {3, SOCK_SEQPACKET, 0}, sctp = {AF_INET, SOCK_STREAM, 132};
    static const struct trial all[] = {
        {"socket AF_UNIX", make, &unix_, {0}}, {"socket AF_INET", make, &inet, {0}}, {"socket raw ICMP", make, &raw, {0}},
        {"socket AF_PACKET", make, &packet, {0}}, {"socket AF_ALG", make, &alg, {0}}, {"socket AF_VSOCK", make, &vsock, {0}},
        {"socket netlink route", make, &route, {0}}, {"socket netlink netfilter", make, &filter, {0}}, {"socket netlink audit", make, &audit, {0}},
        {"socket netlink xfrm", make, &xfrm, {0}}, {"socket AF_KEY", make, &key, {0}}, {"socket AF_BLUETOOTH", make, &bluetooth, {0}},
        {"socket AF_CAN", make, &can, {0}}, {"socket AF_TIPC", make, &tipc, {0}}, {"socket AF_RDS", make, &rds, {0}},
        {"socket AF_XDP", make, &xdp, {0}}, {"socket AF_AX25", make, &ax25, {0}}, {"socket SCTP", make, &sctp, {0}},
        {"configure an interface", set_interface, NULL, {0}},
        {"TIOCSTI into an own terminal", type_into_terminal, NULL, {EIO}},
        {"terminal of the host", terminal_held, NULL, {0}},
    };
    trials_report(j, "sockets", all, sizeof all / sizeof *all);
}
