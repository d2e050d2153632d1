# SPDX-License-Identifier: Apache-2.0
"""How much memory several processes hold at once. No page cache: that is the machine's, and is given back when somebody wants it."""
import threading
import time


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []  # it has ended since


def family(pid):
    """A process and all that descend from it."""
    return [pid] + [below for child in children(pid) for below in family(child)]


def held(pid):
    """Bytes that a process maps, of shared pages its share."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return next((int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:")), 0)
    except OSError:
        return 0


class Peak:
    """Looks every few milliseconds at all processes below `pid`, while in its block; `bytes` is the most that they held at once beyond what they held before."""

    def __init__(self, pid):
        self.pid, self.bytes, self.over = pid, 0, threading.Event()
        self.before = self.now()
        self.thread = threading.Thread(target=self.look)

    def now(self):
        return sum(map(held, family(self.pid)))

    def look(self):
        while not self.over.is_set():
            self.bytes = max(self.bytes, self.now() - self.before)
            time.sleep(0.002)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
