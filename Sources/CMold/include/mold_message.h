// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stddef.h>
#include <stdint.h>

/// What goes to the mold in one message: this, then steps whose pointers are distances from the start of the message, then what they point to.
struct mold_message {
    uint64_t flags;
    /// Places in the list of descriptors that comes with it; -1 for none.
    int32_t cgroup, status;
    /// Steps; -1 says that a filter of `instructions` comes instead.
    int32_t count;
    int32_t niceness;
    uint32_t instructions;
    uint32_t unused;
};

struct mold_answer {
    int32_t pid;
    int32_t error;
};

enum {
    /// The kernel passes 253 descriptors at most in one message.
    mold_descriptors = 250,
    /// Steps of the largest spec: 128 KiB of arguments and environment with their pointers, and 133 layers.
    mold_room = 384 << 10,
    mold_filters = 4,
    /// The kernel's own bound on one filter. Source: linux/bpf_common.h, BPF_MAXINSNS.
    mold_instructions = 4096,
    /// In a message the descriptor at place n of the list is n more than this; lower numbers are those that the child itself makes.
    mold_first = 1 << 16,
};
