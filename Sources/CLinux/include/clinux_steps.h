// SPDX-License-Identifier: Apache-2.0
#pragma once
// The step runner: what runs between clone3 and execve. It walks an array that Swift planned, stops at the first failure and reports it.
// It allocates nothing, takes no lock, and decides nothing.
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum clinux_step_kind {
    CLINUX_WRITE_DESCRIPTOR,   // write `text` to `fd`
    CLINUX_WRITE_FILE,         // write `text` to the existing file `path`
    CLINUX_UNSHARE,            // `flags`
    CLINUX_SETNS,              // `fd`, `flags`
    CLINUX_PROPAGATION,        // make every mount `flags` (MS_PRIVATE, MS_SLAVE), recursively
    CLINUX_MOUNT,              // mount(2): file system `text` with the one option text `list` onto `path` with MS_* `flags`
    CLINUX_NEW_MOUNT,          // file system `text` with `list` of options onto `path` with attributes `flags`
    CLINUX_ATTACH_MOUNT,       // the detached tree `fd` onto `path`
    CLINUX_COVER,              // a copy of the mounted `text` onto `path`; fine where `path` does not exist
    CLINUX_PROTECT,            // `path` onto itself with attributes `flags`; fine where it does not exist
    CLINUX_MAKE_PATH,          // each missing folder of the absolute `path`, mode 0755
    CLINUX_CHDIR,              // `path`
    CLINUX_PIVOT,              // the working folder becomes the root; the old root must be detached still
    CLINUX_DETACH_OLD_ROOT,    // and wait for the kernel to have forgotten it
    CLINUX_AWAIT_DETACHED,     // wait until another process of this mount namespace has detached it
    CLINUX_HOSTNAME,           // `text`
    CLINUX_SESSION,            // setsid
    CLINUX_DUPLICATE,          // `fd` becomes number `flags`, closed at exec if `value` is 1
    CLINUX_CLOSE_FROM,         // every descriptor from number `flags`
    CLINUX_START_PROGRAM,      // fork: the steps that follow run in the child, this process detaches the old root, enters the user namespace
                               // `flags` where that is not 0, becomes init and reports on `fd`
    CLINUX_ORDINARY_PRIORITY,  // niceness 0 where it is below
    CLINUX_KEYRING,            // a session keyring of its own
    CLINUX_LIMIT,              // setrlimit `flags` to `value`, never above the hard limit that is there
    CLINUX_UMASK,              // `flags`
    CLINUX_RESET_SIGNALS,      // default actions, nothing blocked
    CLINUX_DEATH_SIGNAL,       // `flags` when the parent's thread ends
    CLINUX_ENTER_USERS,        // the user namespace `fd`, as its root
    CLINUX_BOUND_CAPABILITIES, // drop all but the mask `value` from the bounding set
    CLINUX_GROUPS,             // `groups`, `flags` of them
    CLINUX_GROUP,              // all group ids to `value`
    CLINUX_USER,               // all user ids to `value`
    CLINUX_CAPABILITIES,       // permitted and effective to the mask `value`, the rest to none
    CLINUX_NO_NEW_PRIVILEGES,
    CLINUX_RESTRICT_FILES,     // to what the Landlock rules `fd` allow
    CLINUX_WORKING_DIRECTORY,  // chdir `path` and check that it lies inside the root
    CLINUX_SECCOMP,            // the filter `filter` of `value` instructions; with `flags` 1 its listener is sent over the status socket
    CLINUX_TELL_PREPARED,      // the same message without a listener
    CLINUX_AWAIT,              // wait for a byte from `fd`; its end ends this process, and nothing is reported
    CLINUX_HOLD_MOUNT,         // what is mounted on `path` gets the number `flags`, by which it can be attached elsewhere, with what is mounted in it
    CLINUX_AWAIT_PLAN,         // the steps that follow come over the status socket; its end ends this process
    CLINUX_TELL_NUMBER,        // the kind `flags`, one byte, and `value`, four bytes, to the socket `fd`; fine where it takes nothing
    CLINUX_RAISED_PRIORITY,    // niceness `text` for this process and, where sessions have shares of their own, its session; fine where it may not be
    CLINUX_EXECUTE,            // each path of `list` until one starts, with `arguments` and `environment`; `fd` instead where it is not -1
};

/// Where a plan mounts the instance's proc before its root is there.
#define CLINUX_PROC "frame/proc"

struct clinux_step {
    int kind;
    int fd;
    uint64_t flags;
    uint64_t value;
    const char *path;
    const char *text;
    const char *const *list;
    const char *const *arguments;
    const char *const *environment;
    const uint32_t *groups;
    const void *filter;
};

/// What the child sends over the status socket when a step fails; end of file without one means that execve succeeded.
struct clinux_failure {
    int32_t step;
    int32_t error;
};

/// What init writes when the program has ended: 0 and the exit status, or 1 and the signal.
struct clinux_program_end {
    int32_t signaled;
    int32_t value;
};

/// clone3 with `flags`; the child walks the steps and does not return. `status_socket` is the child's end of a SEQPACKET pair.
/// `cgroup` is a cgroup v2 folder to be born in, or -1. Answers the child's pid, or -1.
pid_t clinux_spawn(uint64_t flags, int cgroup, int *pidfd, const struct clinux_step *steps, int32_t count, int status_socket);

/// Memory in which the steps lie, if it is to be given back by an init as soon as it has forked its program.
void clinux_borrowed(void *memory, size_t size);

/// Waits for the steps that come over a socket; answers how many they are, or -1. It does not return where the socket ends.
typedef int32_t (*clinux_plan_reader)(int socket, const struct clinux_step **steps);
void clinux_read_plans(clinux_plan_reader reader);

/// Drops all capabilities but the mask `keep` from what this process, and whatever it starts, can ever gain by executing a file.
int clinux_bound_capabilities(uint64_t keep);
