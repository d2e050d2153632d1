# SPDX-License-Identifier: Apache-2.0
"""How much memory several processes hold at once. No page cache: that is the machine's, and is given back when somebody wants it."""
import threading
import time

import processes


class Peak:
    """Looks every few milliseconds at all processes below `pid`, while in its block; `bytes` is the most that they held at once beyond what they held before."""

    def __init__(self, pid):
        self.pid, self.bytes, self.over = pid, 0, threading.Event()
        self.before = self.now()
        self.thread = threading.Thread(target=self.look)

    def now(self):
        return sum(map(processes.held, processes.family(self.pid)))

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
