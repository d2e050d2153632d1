// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "json.h"

/// Writes the answer's body and answers its status.
typedef int (*http_handler)(struct json *body, const char *method, const char *target, const char *content);
/// Listens on every address at `port` and does not come back.
int http_serve(int port, http_handler handler);
