// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "clinux.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/fanotify.h>
#include <unistd.h>

int clinux_watch_opened(int directory) {
    // What is opened for us must not wait: a name may have become a FIFO.
    int group = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK, O_RDONLY | O_LARGEFILE | O_CLOEXEC | O_NONBLOCK | O_NOATIME);
    if (group < 0) return -1;
    if (fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_OPEN, directory, ".") == 0) return group;
    int reason = errno;
    close(group);
    errno = reason;
    return -1;
}

int clinux_next_opened(int group, int *files, int room, int *lost) {
    // The kernel opens as many files as fit, so no more may fit than there is room for.
    struct fanotify_event_metadata events[64];
    ssize_t length = read(group, events, sizeof *events * (size_t)(room < 64 ? room : 64));
    if (length < 0) return -1;
    int count = 0;
    for (struct fanotify_event_metadata *event = events; FAN_EVENT_OK(event, length); event = FAN_EVENT_NEXT(event, length)) {
        if (event->mask & FAN_Q_OVERFLOW) *lost = 1;
        if (event->fd < 0) continue;
        files[count++] = event->fd;
    }
    return count;
}
