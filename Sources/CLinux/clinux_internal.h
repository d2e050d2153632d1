// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "clinux.h"

/// The launcher runs with raised priority, and what it starts does not.
int clinux_ordinary_priority(void);
/// Forks. Answers 0 in the child; the parent becomes init, in the user namespace where that is not 0, and does not return.
int clinux_start_program(int report, int user_namespace);
/// Enters a user namespace; this process then has every capability there, and none anywhere else.
int clinux_enter_users(int user_namespace);
