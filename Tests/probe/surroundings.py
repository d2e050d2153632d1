# SPDX-License-Identifier: Apache-2.0
"""What stands around a sandbox while the probe looks about in it: the host, and another sandbox."""
import ctypes
import json
import os
import signal
import socket
import subprocess
import time

import swiftlet_host


class Absent(Exception):
    pass


class HostSide:
    """What the probe is to find, or not to find: a listener on loopback, one on an abstract socket, a key in the session's ring."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.abstract_name = f"swiftlet-probe-{os.getpid()}"
        self.abstract = socket.socket(socket.AF_UNIX)
        self.abstract.bind("\0" + self.abstract_name)
        self.abstract.listen()
        libc = ctypes.CDLL(None, use_errno=True)
        libc.syscall(250, 1, None)  # keyctl: a session ring of our own, so that nothing is left behind
        libc.syscall(248, b"user", b"swiftlet-probe-host", b"x", 1, -3)
        os.environ["HOST_CANARY"] = "the host's own"
        self.network = os.stat("/proc/self/ns/net").st_ino
        self.other = swiftlet_host.free_port()

    def environment(self):
        return {"PATH": "/usr/bin:/bin", "PROBE_LOOPBACK_PORT": str(self.listener.getsockname()[1]), "PROBE_ABSTRACT": self.abstract_name,
                "PROBE_HOST_NETWORK": str(self.network), "PROBE_OTHER_PORT": str(self.other), "PORT": str(self.other)}

    def body(self, **more):
        return json.dumps({"loopbackPort": str(self.listener.getsockname()[1]), "abstract": self.abstract_name, "hostNetwork": str(self.network),
                           "otherPort": str(self.other), **more}).encode()


class Other:
    """Another sandbox of the same kind, in which a server listens on `port` while this is open."""

    def __init__(self, words, port):
        self.words, self.port = words, port

    def __enter__(self):
        self.process = subprocess.Popen(self.words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 20
        while not listening(self.port):
            if time.monotonic() > end or self.process.poll() is not None:
                self.__exit__()
                raise Absent(f"{self.words[0]}: another one beside it did not start")
            time.sleep(0.05)

    def __exit__(self, *_):
        # The server itself: a runtime passes SIGTERM on, which a process 1 without a handler does not get.
        for pid in listening(self.port):
            os.kill(pid, signal.SIGKILL)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def listening(port):
    """The probes that listen on a port, each in whatever network namespace it is."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/comm") as name, open(f"/proc/{pid}/net/tcp") as table:
                if name.read().strip() == "probe" and any(line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A" for line in list(table)[1:]):
                    found.append(int(pid))
        except OSError:
            pass  # it has ended since
    return found
