// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "processor.h"
#include <sched.h>

int processor_now(void) {
    int number = sched_getcpu();
    return number < 0 ? 0 : number;
}
