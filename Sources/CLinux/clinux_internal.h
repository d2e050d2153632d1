// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "clinux.h"

/// The launcher runs with raised priority, and what it starts does not.
int clinux_ordinary_priority(void);
/// Forks. Answers 0 in the child; the parent becomes init, in the user namespace where that is not 0, and does not return.
int clinux_start_program(int report, int user_namespace);
/// Enters a user namespace; this process then has every capability there, and none anywhere else.
int clinux_enter_users(int user_namespace);

struct clinux_step;
// Steps that lay mounts out, each as clinux_steps.h says of its kind.
int step_attach(int mount, const char *path);
int step_new_mount(const struct clinux_step *step);
int step_cover(const char *source, const char *path);
int step_protect(const char *path, uint64_t attributes);
int step_make_path(const char *path);
int step_pivot(void);
int step_await_detached(void);
int step_hold(const char *path, int number);
// Steps that speak with the launcher.
int step_load_filter(const struct clinux_step *step, int status_socket);
int step_tell_prepared(int status_socket);
int step_await_byte(int fd);
int step_tell_number(const struct clinux_step *step);
int32_t step_await_plan(int status_socket, const struct clinux_step **steps);
