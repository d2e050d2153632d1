# SPDX-License-Identifier: Apache-2.0
"""What a host leaves behind, in /proc, in /sys and in the kernel's own books."""
import glob
import os
import time

# By the name of the kernel's cache: the kind of namespace, and how many more than before are none of ours. An instance has one of each, and some two dozen mounts.
OBJECTS = {"net_namespace": ("net", 12), "pid_namespace": ("pid", 12), "user_namespace": ("user", 12), "uts_namespace": ("uts", 12), "mnt_cache": ("mnt", 150)}
# Names the processes of one host, until they execute in a sandbox; from then on its cgroups do.
MARK = "SWIFTLET_TEST_LEAKS"


def settled(look, seconds=30):
    """Waits until nothing is left, or time is up; answers what is."""
    end = time.monotonic() + seconds
    while (left := look()) and time.monotonic() < end:
        time.sleep(0.1)
    return left


def cgroup_name(state):
    value = 0xCBF29CE484222325
    for byte in os.path.realpath(state).encode():
        value = (value ^ byte) * 0x100000001B3 % (1 << 64)
    return f"swiftlet-{value:x}"


def instance_cgroups(state):
    name = cgroup_name(state)
    return [path for folder in glob.glob(f"/sys/fs/cgroup/{name}") + glob.glob(f"/sys/fs/cgroup/*/{name}") for path in glob.glob(folder + "/c-*")]


def processes(state):
    """{pid: name} of all that a host with this state directory started, its instances among them, wherever they hang in the tree by now."""
    mark, group, found = f"{MARK}={state}".encode(), cgroup_name(state), {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as environment, open(f"/proc/{pid}/cgroup") as groups:
                if mark in environment.read().split(b"\0") or group in groups.read():
                    with open(f"/proc/{pid}/comm") as name:
                        found[int(pid)] = name.read().strip()
        except OSError:
            pass  # it has ended since
    return found


def namespaces(pids):
    """Those of these processes that are not ours."""
    found = set()
    for pid in pids:
        for kind in ("net", "pid", "mnt", "user", "ipc", "uts", "cgroup"):
            try:
                found.add(os.readlink(f"/proc/{pid}/ns/{kind}"))
            except OSError:
                pass  # it has ended since
    return found - {os.readlink(f"/proc/self/ns/{kind}") for kind in os.listdir("/proc/self/ns")}


def mounts():
    with open("/proc/self/mountinfo") as file:
        return {line.split(" ", 1)[1] for line in file}


def in_use():
    """{kind: namespaces that some process on the machine is in}; of `mnt` the mounts in them."""
    seen = {kind: {} for kind, _ in OBJECTS.values()}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        for kind, where in seen.items():
            try:
                where[os.readlink(f"/proc/{pid}/ns/{kind}")] = pid
            except OSError:
                pass  # it has ended since
    found = {kind: len(where) for kind, where in seen.items()}
    found["mnt"] = 0
    for pid in seen["mnt"].values():
        try:
            with open(f"/proc/{pid}/mountinfo") as file:
                found["mnt"] += len(file.readlines())
        except OSError:
            pass
    return found


def objects():
    """How many of each the kernel has that no process is in: what others on the machine do does not count, and processes of ours that stay are found as
    such. A kernel that puts several kinds into one cache tells only of the others. Its stores of free ones are given back first: they count as used."""
    for name in OBJECTS:
        if os.path.exists(path := f"/sys/kernel/slab/{name}/shrink"):
            with open(path, "w") as file:
                file.write("1")
    seen = in_use()
    with open("/proc/slabinfo") as file:
        return {words[0]: int(words[1]) - seen[OBJECTS[words[0]][0]] for words in map(str.split, file) if words[0] in OBJECTS}


def calm_objects(seconds=10):
    """The same when what has ended is freed: when no count has fallen for a second, or time is up."""
    end, last, since = time.monotonic() + seconds, objects(), time.monotonic()
    while time.monotonic() < min(end, since + 1):
        time.sleep(0.1)
        now = objects()
        if any(count < last[name] for name, count in now.items()):
            since = time.monotonic()
        last = now
    return last


def more_objects(before):
    """[(cache, before, now)] of which there are more than may be."""
    return [(name, before[name], count) for name, count in objects().items() if count > before[name] + OBJECTS[name][1]]


def slab():
    """Bytes that the kernel cannot reclaim, when it has given back what it can."""
    with open("/proc/sys/vm/drop_caches", "w") as file:
        file.write("2")
    for path in glob.glob("/sys/kernel/slab/*/shrink"):
        with open(path, "w") as file:
            file.write("1")
    with open("/proc/meminfo") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("SUnreclaim:"))
