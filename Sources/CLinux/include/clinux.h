// SPDX-License-Identifier: Apache-2.0
#pragma once
// What Swift cannot say: variadic system calls, calls without a C library wrapper, and macros. Nothing here decides anything.
// Each function answers like the call of its name: -1 and errno on failure.
#include <linux/types.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "clinux_files.h"

/// glibc 2.36 has no wrapper. `resolve` takes RESOLVE_* of linux/openat2.h.
int clinux_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);
/// "ENOENT" for 2; NULL for a number that no error has. (strerrorname_np is hidden from Swift.)
const char *clinux_errno_name(int error);

extern const uint64_t clinux_RESOLVE_NO_XDEV, clinux_RESOLVE_NO_MAGICLINKS, clinux_RESOLVE_NO_SYMLINKS, clinux_RESOLVE_BENEATH, clinux_RESOLVE_IN_ROOT;
extern const int clinux_O_PATH, clinux_O_TMPFILE;

// Hidden behind _GNU_SOURCE, which Swift's module for glibc does not set.
int clinux_syncfs(int descriptor);
/// Lends memory to a pipe: its reader copies the bytes out of it, and until then they must stay as they are.
ssize_t clinux_vmsplice(int pipe, const void *bytes, size_t count);
/// Both ends with O_CLOEXEC.
int clinux_pipe(int *read_end, int *write_end);
int clinux_unshare(int flags);
int clinux_setns(int descriptor, int flags);
int clinux_socketpair_seqpacket(int *one, int *other);

// No wrapper in glibc.
int clinux_pidfd_send_signal(int pidfd, int signal);
int clinux_pidfd_open(pid_t pid, unsigned flags);
int clinux_pidfd_getfd(int pidfd, int number);
/// Takes the status of a child that has ended, without waiting. Answers 0 while it still runs, 1 when it was taken.
int clinux_reap(int pidfd, int *code, int *status);
/// A detached mount of the file system `type`. `options` is a NULL-ended list of pairs of key and value; a value of "" makes a flag.
int clinux_new_mount(const char *type, const char *const *options, uint64_t attributes);
/// A detached copy of one mount, or with `recursive` of all below it. `path` may be "" for `directory` itself.
int clinux_clone_tree(int directory, const char *path, int recursive);
int clinux_attach(int mount, int directory, const char *path);
int clinux_set_mount_attributes(int mount, uint64_t set);
/// Shows the files of the detached `mount` with the ids that the user namespace gives to theirs.
int clinux_map_owners(int mount, int user_namespace);
/// A user namespace whose ids 0 to `count` - 1 are the host's from `first` on, and the process that it was born with, which ends by itself.
int clinux_make_user_namespace(uint32_t first, uint32_t count, int *pidfd);
int clinux_mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data);
int clinux_detach(const char *target);

/// Sends one message with up to 64 descriptors, without waiting.
ssize_t clinux_send(int socket, const void *bytes, size_t length, const int *descriptors, int count);
/// Takes one message without waiting. `count` goes in as the room in `descriptors` and comes out as how many came; all are closed at exec.
/// A message that did not fit, or whose descriptors did not, is refused with EMSGSIZE and its descriptors are closed.
ssize_t clinux_receive(int socket, void *bytes, size_t room, int *descriptors, int *count);

int clinux_epoll_create(void);
int clinux_epoll_add(int epoll, int descriptor, uint32_t events, uint64_t token);
int clinux_epoll_change(int epoll, int descriptor, uint32_t events, uint64_t token);
int clinux_epoll_remove(int epoll, int descriptor);
/// One ready descriptor: its token and events. Answers 0 at the timeout, in milliseconds.
int clinux_epoll_wait(int epoll, int timeout, uint64_t *tokens, uint32_t *events, int room);
/// Blocks the signals in this thread and gives a descriptor that reads them.
int clinux_signals(const int *signals, int count);
int clinux_next_signal(int descriptor);

int clinux_prctl(int option, unsigned long value);
/// Takes a capability out of this thread's effective set (0), or puts one there that is permitted (1). Returns whether it was there before.
int clinux_effective_capability(int capability, int wanted);
/// Permitted, effective and, with `kept`, what stays when a program is executed as another user than root: inheritable and ambient.
int clinux_set_capabilities(uint64_t wanted, int kept);
/// The loopback interface of this thread's network namespace, up.
int clinux_loopback_up(void);
int clinux_memfd(const char *name);
int clinux_seal(int descriptor);
int clinux_is_sealed(int descriptor);
int clinux_execute(int descriptor, char *const *arguments);
int clinux_make_device(int directory, const char *name, mode_t mode, unsigned major, unsigned minor);

/// Lets a notification run whoever reads it on the processor of the caller, which then waits anyway. Fails with EINVAL before Linux 6.6.
int clinux_notification_wake_here(int listener);
/// Takes one waiting notification. Fails with ENOENT where its process has just died.
int clinux_notification_receive(int listener, uint64_t *id, pid_t *pid, uint64_t *first_argument);
/// Lets the system call go on.
int clinux_notification_continue(int listener, uint64_t id);
/// The local TCP port of a socket, or -1.
int clinux_local_port(int socket);

/// Tells of every file that is opened through the mount in which the open folder lies, until the descriptor is closed (fanotify(7)).
int clinux_watch_opened(int directory);
/// Takes what was opened, up to `room` files; they are open, and the caller's to close. `lost` becomes 1 where the kernel had more to tell than it keeps.
/// Fails with EAGAIN where there is nothing.
int clinux_next_opened(int group, int *files, int room, int *lost);

/// The version of Landlock that the kernel has; -1 and errno where it has none, or is told not to use it.
int clinux_landlock_version(void);
/// A set of rules that restricts the given accesses: to files, to TCP ports, and to what lies outside (linux/landlock.h).
int clinux_landlock_rules(uint64_t files, uint64_t network, uint64_t scopes);
/// Allows accesses to the open file, or to all below the open folder.
int clinux_landlock_allow(int rules, int descriptor, uint64_t files);

extern const uint64_t clinux_MOUNT_RDONLY, clinux_MOUNT_NOSUID, clinux_MOUNT_NODEV, clinux_MOUNT_NOEXEC;
