// SPDX-License-Identifier: Apache-2.0
#pragma once
// The system calls of an event loop that Swift cannot say, or that glibc would make a point of cancellation, which costs a tenth of a short `send`.
// Each function answers like the call of its name: -1 and errno on failure.
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// One that is ready: the token that it is watched with, and its EPOLL* events.
struct csockets_ready {
    uint64_t token;
    uint32_t events;
};

enum { csockets_in = 0x1, csockets_out = 0x4, csockets_error = 0x8, csockets_hang_up = 0x10, csockets_peer_done = 0x2000 };

int csockets_poll(void);
/// Closed at exec, and never waits.
int csockets_event(void);
/// Told once of each change (EPOLLET) where `edge` is set, else for as long as there is something.
int csockets_watch(int poll, int descriptor, uint64_t token, uint32_t events, int edge);
int csockets_forget(int poll, int descriptor);
/// Waits so many nanoseconds at most; for ever where they are negative. An interrupted wait answers 0.
int csockets_wait(int poll, struct csockets_ready *ready, int room, int64_t nanoseconds);
/// Asks again and again for so many nanoseconds, without ever sleeping; 0 where nothing has come by then.
int csockets_look(int poll, struct csockets_ready *ready, int room, int64_t nanoseconds);
/// Has timeouts of this thread fire when they are due, and not up to 50 microseconds later.
void csockets_exact_timeouts(void);
/// As `top` shows it; up to 15 bytes.
void csockets_name_thread(const char *name);

ssize_t csockets_send(int socket, const void *bytes, size_t count);
ssize_t csockets_receive(int socket, void *bytes, size_t room);
/// The next connection that waits, closed at exec, non-blocking.
int csockets_accept(int listener);
/// Short messages of TCP do not wait for each other (TCP_NODELAY). What is not TCP never has them wait, and one that has ended is found out when it is read.
void csockets_send_at_once(int socket);
/// A socket connected to a path, closed at exec, non-blocking.
int csockets_connect_unix(const char *path);
/// The numeric address of the other side; fails for what is neither IPv4 nor IPv6.
int csockets_peer(int socket, char *text, size_t room);
