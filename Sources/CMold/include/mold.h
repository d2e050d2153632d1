// SPDX-License-Identifier: Apache-2.0
#pragma once
// The mold: a process that instances are cloned from, in place of the launcher.
//
// A clone copies the page tables of whoever makes it, and from then on each page that either writes is copied too. The launcher is a Swift program with
// megabytes of data; the mold, `swiftlet-mold`, is a small C program in one piece: some twenty pages. What it clones are children of the launcher all the
// same (CLONE_PARENT).
#include <stdint.h>
#include <sys/types.h>

/// Starts the mold that is open as `program`. It ends with the thread that calls this. What it clones can never have more capabilities than the mask
/// `capabilities` says; it has itself what executing a file gives, so this process must not have bounded itself before.
///
/// Answers the descriptor by which it is spoken to, or -1; `pidfd` is its process. Both are closed at exec.
int mold_start(int program, uint64_t capabilities, int *pidfd);

/// Has the mold keep a filter that steps load; it is known by its place in memory from then on. Answers -1 where there is no room for it.
int mold_keep_filter(int mold, const void *filter, uint32_t instructions);

/// The same as clinux_spawn, by the mold; `steps` are an array of struct clinux_step, and are copied. The child begins with this process's niceness.
/// Answers the child's pid, or -1 with EPIPE where the mold has ended, E2BIG where the steps are more than it takes.
pid_t mold_spawn(int mold, uint64_t flags, int cgroup, int *pidfd, const void *steps, int32_t count, int status_socket);

/// Sends the steps that a child of the mold waits for, whose plan so far ends with CLINUX_AWAIT_PLAN, over the other end of its status socket. It goes on with
/// this process's niceness. Answers -1 with EPIPE where it has ended, E2BIG where the steps are more than it takes.
int mold_go_on(int child, const void *steps, int32_t count);

/// Lets a socket take the longest message at once.
int mold_widen(int socket);
