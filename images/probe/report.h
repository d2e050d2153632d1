// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "json.h"

void descriptors_remember(void);          // first thing in main, before anything is opened
void report_identity(struct json *j);     // identity.c
void report_namespaces(struct json *j);   // namespaces.c
void report_mounts(struct json *j);       // mounts.c
void report_process(struct json *j);      // process.c
void report_devices(struct json *j);      // devices.c
void report_files(struct json *j);        // files.c
void report_kernel(struct json *j);       // calls_kernel.c: calls on the kernel and its modules
void report_mounting(struct json *j);     // calls_mount.c: mounts and namespaces
void report_peers(struct json *j);        // calls_process.c: other processes, keys, scheduling, ids
void report_sockets(struct json *j);      // sockets.c
void report_reach(struct json *j);        // reach.c: the host's loopback, another function, abstract sockets, the metadata address
void report_everything(struct json *j);   // report.c

/// Makes processes, touches memory, or writes a file until the limit is met or `most` (processes, MiB, MiB) is reached.
void bomb(struct json *j, const char *kind, long most);
/// The first bytes of a file, cut at `room`; -errno on failure.
long read_file(const char *path, char *into, long room);
/// A named environment variable as a number, or `otherwise`.
long environment_number(const char *name, long otherwise);
