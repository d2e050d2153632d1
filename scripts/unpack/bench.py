# SPDX-License-Identifier: Apache-2.0
"""Each way to unpack an image, timed, in a file system of its own beside a registry of its own."""
import concurrent.futures
import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import memory
import report
import swiftlet_host

HOME = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARIES = os.path.join(HOME, ".build", "release")


def file_system(folder):
    """A file system of the run's own: on a used one ext4 looks for a place for each new file among all that were removed in the last minute, and what
    was measured would be what somebody removed before."""
    store = folder + ".ext4"
    with open(store, "wb") as file:
        file.truncate(48 << 30)
    try:
        subprocess.run(["mkfs.ext4", "-q", "-F", "-N", "1000000", "-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard", store], check=True)
        # Past the page cache of the file system below, or everything would lie in memory twice.
        device = subprocess.run(["losetup", "--find", "--show", "--direct-io=on", store], check=True, capture_output=True, text=True).stdout.strip()
        try:
            subprocess.run(["mount", device, folder], check=True)
        finally:
            subprocess.run(["losetup", "--detach", device], check=True)  # when it is unmounted
    finally:
        os.remove(store)  # its space is free again when it is unmounted, however this ends


def settle(room):
    """Before each run, so that none pays for the one before: nothing waits to be written, and as much memory as the run may take was touched a moment ago.
    The first touch of what a virtual machine has given back to its host costs ten times a later one. By a process of its own, since the peak memory of a
    child begins with its parent's."""
    os.sync()
    words = f"import mmap\nmmap.mmap(-1, {room}, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE).close()"
    subprocess.run([sys.executable, "-c", words], check=True)


class Bench:
    def __init__(self, folder):
        self.folder, self.number, self.room, self.lock = folder, 0, 1 << 20, threading.Lock()
        self.rewrite = os.path.join(folder, "rewrite")
        self.unsynced = os.path.join(folder, "unsynced")
        for program in (self.rewrite, self.unsynced):
            source = os.path.join(HOME, "scripts", "unpack", os.path.basename(program) + ".c")
            subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-o", program, source], check=True)

        self.registry = subprocess.Popen(["docker-registry", "serve", self.configuration()], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.address = next(f"127.0.0.1:{found[1]}" for line in self.registry.stdout if (found := re.search(r"listening on 127.0.0.1:(\d+)", line)))
        threading.Thread(target=self.registry.stdout.read, daemon=True).start()  # or it would wait for a reader of its log

    def configuration(self):
        path = os.path.join(self.folder, "registry.yml")
        with open(path, "w") as file:
            file.write(f"version: 0.1\nlog: {{accesslog: {{disabled: true}}}}\nstorage: {{filesystem: {{rootdirectory: {self.folder}/registry}}}}\nhttp: {{addr: '127.0.0.1:0'}}\n")
        return path

    def end(self):
        self.registry.kill()
        self.registry.wait()

    def push(self, image, compression):
        """Once for each image, as it lies in its layout."""
        if "reference" not in image[compression]:
            image[compression]["reference"] = f"{self.address}/{os.path.basename(image[compression]['layout'])}-{image['bytes']}:1"
            subprocess.run(["skopeo", "--insecure-policy", "copy", "-q", "--dest-tls-verify=false", f"oci:{image[compression]['layout']}:bench",
                            "docker://" + image[compression]["reference"]], check=True)
        return image[compression]["reference"]

    def fresh(self):
        self.number += 1
        path = os.path.join(self.folder, f"run{self.number}")
        os.mkdir(path)
        return path

    def timed(self, *commands, env=None):
        """Seconds that the commands take, one after the other."""
        settle(self.room)
        begin = time.monotonic()
        for command in commands:
            done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env)
            if done.returncode:
                raise SystemExit(f"{command[0]} ended with status {done.returncode}: {done.stderr.decode(errors='replace').strip()}")
        return time.monotonic() - begin

    def peak(self, image, compression):
        """Bytes that daemon, launcher and the programs of all layers at once hold beyond what the host held at rest; in a run that is not timed."""
        with swiftlet_host.Host(os.path.join(BINARIES, "swiftlet"), state=self.fresh()) as host:
            host.wait_ready()
            with memory.Peak(host.process.pid) as peak:
                subprocess.run([os.path.join(BINARIES, "swiftlet"), "image", "load", image[compression]["archive"], "--name", "bench:1"], check=True,
                               capture_output=True, env={**os.environ, "SWIFTLET_HOST": f"http://127.0.0.1:{host.port}"})
        return peak.bytes

    def swiftlet(self, image, compression):
        return self.front_door("load", image[compression]["archive"], "--name", "bench:1")

    def pull(self, image, compression):
        return self.front_door("pull", self.push(image, compression), "--plain-http")

    def front_door(self, *verb):
        """Through the API. A host of its own for each run, so that no layer is there already and none has just been removed."""
        state = self.fresh()
        host = swiftlet_host.Host(os.path.join(BINARIES, "swiftlet"), state=state)
        try:
            host.wait_ready()
            return self.timed([os.path.join(BINARIES, "swiftlet"), "image", *verb], env={**os.environ, "SWIFTLET_HOST": f"http://127.0.0.1:{host.port}"})
        finally:
            host.process.terminate()
            host.process.wait()

    def programs(self, image, compression):
        """What the launcher starts for each layer, four layers at once and the largest first, and beside each the digest of its blob as the daemon takes it.
        Answers the seconds until all is written, what one `syncfs` takes then, and processor time. In the host each layer is made durable by itself, while
        others are written: that is in the times of the front door."""
        settle(self.room)
        begin = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(4) as layers:
            ended = list(layers.map(lambda layer: self.layer(layer, compression), sorted(image[compression]["layers"], key=lambda layer: -os.path.getsize(layer["blob"]))))
        written = max(end for end, _ in ended)
        subprocess.run(["sync", "--file-system", self.folder], check=True)
        return written - begin, time.monotonic() - written, sum(busy for _, busy in ended)

    def layer(self, layer, compression):
        """(when it ended, processor time)"""
        with self.lock:
            target = self.fresh()
        length = str(os.path.getsize(layer["blob"]))
        with open(layer["blob"], "rb") as blob:
            with self.lock:  # or a pipe would have a second owner
                ends = os.pipe()
                fcntl.fcntl(ends[1], fcntl.F_SETPIPE_SZ, 1 << 20)  # as the launcher does
                inflate = subprocess.Popen([os.path.join(BINARIES, "swiftlet-inflate"), "0", length, compression], stdin=blob, stdout=ends[1])
                os.close(ends[1])
                unpack = subprocess.Popen(
                    [self.unsynced, os.path.join(BINARIES, "swiftlet-unpack"), target, "0", length, "inflated", layer["diff"]],
                    stdin=ends[0], stdout=subprocess.DEVNULL)
                os.close(ends[0])
                digest = subprocess.Popen(["openssl", "dgst", "-sha256", layer["blob"]], stdout=subprocess.DEVNULL)
            ended = [os.wait4(process.pid, 0) for process in (unpack, inflate, digest)]
            end = time.monotonic()
        if any(status for _, status, _ in ended):
            raise SystemExit(f"{layer['blob']} could not be unpacked")
        return end, sum(usage.ru_utime + usage.ru_stime for _, _, usage in ended)

    def umoci(self, image, compression):
        if compression == "zstd":
            return None  # 0.4.7 cannot read it
        return self.timed(["umoci", "unpack", "--image", image[compression]["layout"] + ":bench", os.path.join(self.fresh(), "bundle")])

    def podman(self, image, compression):
        return self.podman_does("load", "-q", "-i", image[compression]["archive"])

    def podman_pull(self, image, compression):
        return self.podman_does("pull", "-q", "--tls-verify=false", self.push(image, compression))

    def podman_does(self, *verb):
        storage = self.fresh()
        with tempfile.TemporaryDirectory(prefix="podman-", dir="/tmp") as run:  # it takes no runroot of more than 50 characters
            taken = self.timed(["podman", "--root", storage, "--runroot", run, "--storage-driver", "overlay", *verb])
        subprocess.run(["umount", storage + "/overlay"], stderr=subprocess.DEVNULL)  # which it may have mounted upon itself
        return taken

    def skopeo(self, image, compression):
        return self.timed(["skopeo", "--insecure-policy", "copy", "-q", f"oci:{image[compression]['layout']}:bench", "dir:" + self.fresh()])

    def bsdtar(self, image, compression):
        return self.timed(*(["bsdtar", "-xpf", layer["blob"], "-C", self.fresh()] for layer in image[compression]["layers"]))

    def inflate(self, image, compression):
        return self.timed(*(["sh", "-c", 'exec "$0" 0 "$1" "$2" <"$3"', os.path.join(BINARIES, "swiftlet-inflate"), str(os.path.getsize(layer["blob"])), compression, layer["blob"]]
                            for layer in image[compression]["layers"]))

    def hash(self, image, compression):
        return self.timed(["openssl", "dgst", "-sha256", *image["tars"], *(layer["blob"] for layer in image[compression]["layers"])])

    def write(self, image, compression):
        source = image.get("unpacked")
        settle(self.room)
        return sum(float(subprocess.run([self.rewrite, tree, self.fresh()], check=True, capture_output=True).stdout) for tree in source)


def measure(bench, image, compression, runs):
    ways = [way for way in report.WAYS if way not in ("durable", "processor")]
    missing = [way for way in ways if way in ("umoci", "podman", "podman_pull", "skopeo", "bsdtar") and not shutil.which(way.split("_")[0])]
    times = {way: [] for way in report.WAYS}
    bench.room = 3 * image["bytes"]
    for _ in range(runs):
        for way in ways:  # in turns, so that what else the machine does falls on all alike
            if way in missing:
                continue
            taken = getattr(bench, way)(image, compression)
            if way == "programs":
                times["programs"].append(taken[0])
                times["durable"].append(taken[1])
                times["processor"].append(taken[2])
            elif taken is not None:
                times[way].append(taken)
    return times
