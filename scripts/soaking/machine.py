# SPDX-License-Identifier: Apache-2.0
"""A machine of the example: a network namespace with one address on a bridge, and what runs in it."""
import ctypes
import os
import pathlib
import signal
import subprocess
import sys
import time

libc = ctypes.CDLL(None)


def dies_with_us():
    """Nothing outlives this script, also where it is killed."""
    libc.prctl(1, signal.SIGKILL)


def start(*words, log):
    return subprocess.Popen([str(word) for word in words], stdout=log, stderr=log, stdin=subprocess.DEVNULL, preexec_fn=dies_with_us)


def ip(*words):
    subprocess.run(["ip", *words], check=True)


class Machine:
    """A network namespace with one address, and what runs in it."""

    def __init__(self, folder, address):
        self.address, self.folder, self.process = address, f"{folder}/{address}", None
        os.makedirs(self.folder)
        # What the daemon behind it keeps is reached by a user without rights.
        os.chmod(folder, 0o755)
        self.log = open(self.folder + ".log", "w")
        self.keeper = start("unshare", "--net", "sleep", "infinity", log=self.log)
        own = os.readlink("/proc/self/ns/net")
        until = time.monotonic() + 10
        while os.readlink(f"/proc/{self.keeper.pid}/ns/net") == own:
            if time.monotonic() > until:
                sys.exit("unshare made no network namespace")
            time.sleep(0.01)
        name = "v" + address.split(".")[-1]
        ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", str(self.keeper.pid))
        ip("link", "set", name, "master", "hub", "up")
        for words in (["addr", "add", address + "/24", "dev", "eth0"], ["link", "set", "eth0", "up"], ["link", "set", "lo", "up"]):
            subprocess.run(["nsenter", "-t", str(self.keeper.pid), "-n", "ip", *words], check=True)

    def run(self, *words):
        self.process = start("nsenter", "-t", str(self.keeper.pid), "-n", *words, log=self.log)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def wait_for(self, line, limit=90):
        until = time.monotonic() + limit
        while line not in pathlib.Path(self.folder + ".log").read_text():
            if self.process.poll() is not None or time.monotonic() > until:
                sys.exit(f"{self.address} did not say '{line}':\n" + pathlib.Path(self.folder + ".log").read_text()[-4000:])
            time.sleep(0.02)

    def end(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=40)
            except subprocess.TimeoutExpired:
                self.kill()
        self.keeper.kill()
        self.keeper.wait()
