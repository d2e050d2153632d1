// SPDX-License-Identifier: Apache-2.0
#ifndef PROCESSOR_H
#define PROCESSOR_H

/// The number of the processor that this thread runs on at this moment, from 0; read from memory that the kernel keeps, without a system call.
int processor_now(void);

#endif
