// SPDX-License-Identifier: Apache-2.0
#pragma once
// One thing tried in a child of its own, so that what it changes, and a filter that kills, ends with that child.
#include "json.h"

/// Answers the call's result, or minus errno.
typedef long (*attempt)(const void *argument);

struct trial {
    const char *name;
    attempt run;
    const void *argument;
    /// Errors that come only after the permission check was passed; 0 ends the list.
    int past[4];
};

/// Writes `{"name":…,"result":allowed|reached|denied|unsupported|absent|killed|error,"detail":"EPERM"}`.
void trial_report(struct json *j, const struct trial *trial);
void trials_report(struct json *j, const char *key, const struct trial *trials, int count);
/// -1 with errno, or a value, as minus errno or that value.
long answer(long value);
