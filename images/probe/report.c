// SPDX-License-Identifier: Apache-2.0
#include "report.h"

void report_everything(struct json *j) {
    json_open(j, NULL, '{');
    json_number(j, "format", 1);
    report_identity(j);
    report_namespaces(j);
    report_mounts(j);
    report_process(j);
    report_devices(j);
    report_files(j);
    report_kernel(j);
    report_mounting(j);
    report_peers(j);
    report_sockets(j);
    report_reach(j);
    json_close(j, '}');
}
