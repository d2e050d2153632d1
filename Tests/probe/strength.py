# SPDX-License-Identifier: Apache-2.0
"""How strong a cell is. Pure: a report in, text and rank out; a higher rank is stronger, and None takes no part in the comparison."""

# Reached means: past the permission check, refused only for the arguments.
RESULTS = {"denied": 3, "unsupported": 3, "absent": 3, "killed": 3, "error": 2, "reached": 1, "allowed": 0}
UNREACHABLE = {"ECONNREFUSED", "ENETUNREACH", "EHOSTUNREACH", "ETIMEDOUT", "ESRCH", "ENOKEY", "EAFNOSUPPORT"}

# What a program is entitled to, or what says nothing about the host: shown, never ranked, with the reason that stands above the table.
NEUTRAL = {
    "socket AF_UNIX": "sockets lead nowhere but into the sandbox's own network namespace; what can be reached has rows of its own",
    "socket AF_INET": "as with AF_UNIX",
    "clone3": "it makes a process, as `clone` and `fork` do, which every program may; with namespaces it has rows that count",
    "mkdir /tmp/swiftlet-probe": "its own /tmp is there to be written; how much goes into it counts among the bombs",
    "mkdir /dev/shm/swiftlet-probe": "its own /dev/shm, as with /tmp",
    "write /proc/self/exe": "the file of the program itself, which nobody else runs; that the launcher's own cannot be written from inside is a test (CVE-2019-5736)",
    "rewrite /proc/self/coredump_filter": "of its own process; whether there are core dumps at all counts",
    "kill process 1 (signal 0)": "where the program is process 1 there is nobody to signal. Elsewhere process 1 is the sandbox's own init, with the program's own user: it passes "
                                 "on what it has a handler for, and the kernel keeps every other signal from inside a PID namespace, SIGKILL too, from its process 1. All that a "
                                 "program could end so is itself",
    "write /dev/console": "a terminal where one was asked for; nobody has one here",
}
# The same, for what is seen.
UNRANKED = {
    "user inside": "what counts is who that is on the host",
    "root": "a choice of the image's user with each of them; the others were told to make it read-only here, as Swiftlet does",
    "RLIMIT_NPROC": "a second limit beside that of the cgroup, which the fork bomb shows",
    "processor time in a second, four processes": "what else the machine does takes its part; `scripts/test-cgroup2` tests the limit",
}
# A program that is process 1 itself reads only itself in these; they count where another is process 1.
OF_INIT = {"open /proc/1/root", "open /proc/1/cwd", "read /proc/1/environ", "write /proc/1/mem", "write /proc/1/exe"}


def trial(name, result, detail, program_is_init):
    """(text, rank) of one thing tried."""
    if detail == "ECANCELED":
        return "not tried", None
    if name.startswith("read ") and result == "allowed" and detail == "0":
        return "empty", 3
    if detail == "ESRCH" and name.endswith("process 1"):
        return "is process 1", 3
    if name in OF_INIT:
        if program_is_init:
            return "is process 1", None
        return text(result, detail), RESULTS[result]
    rank = 3 if detail in UNREACHABLE else RESULTS[result]
    return text(result, detail), None if name in NEUTRAL else rank


def text(result, detail):
    if result == "allowed":
        return "**allowed**"
    if result == "reached":
        return f"**reached** ({detail})"
    return f"{result} ({detail})" if detail not in ("EPERM", "ENOSYS", "ENOENT") else result


def outside_uid(report):
    """The id on the host that the program's own id stands for."""
    uid = report["identity"]["uid"]
    for line in report["identity"].get("uidMap", "").splitlines():
        inside, outside, count = map(int, line.split())
        if inside <= uid < inside + count:
            return outside
    return None


def scalars(report, host):
    """[(section, name, text, rank)] of what is not tried but seen. `host` is the same program's report from the bare host."""
    identity, own = report["identity"], {kind: inode != host["namespaces"].get(kind) for kind, inode in report["namespaces"].items()}
    rows = []

    def row(section, name, value, rank):
        rows.append((section, name, str(value), rank))

    outside = outside_uid(report)
    row("identity", "user inside", identity["uid"], None)
    row("identity", "user on the host", "root" if outside == 0 else outside, 0 if outside == 0 else 1)
    for name in ("Permitted", "Effective", "Bounding", "Inheritable", "Ambient"):
        count = bin(int(identity["cap" + name], 16)).count("1")
        # In a user namespace of its own a capability reaches only what that namespace owns.
        row("identity", f"capabilities, {name.lower()}", f"{count}" + (" (own user namespace)" if count and own.get("user") else ""),
            -count * (1 if own.get("user") else 100))
    row("identity", "no_new_privs", "yes" if identity["noNewPrivileges"] == "1" else "**no**", int(identity["noNewPrivileges"]))
    row("identity", "seccomp filter", "yes" if identity["seccompMode"] == "2" else "**none**", int(identity["seccompMode"] == "2"))
    for kind in ("user", "mnt", "pid", "net", "ipc", "uts", "cgroup", "time"):
        row("namespaces", kind, "own" if own.get(kind) else "the host's", int(bool(own.get(kind))))
    row("namespaces", "host's name seen", "**yes**" if report["hostname"] == host["hostname"] else "no", int(report["hostname"] != host["hostname"]))
    row("namespaces", "processes of the host seen", "**yes**" if report["processesSeen"] > 8 else "no", int(report["processesSeen"] <= 8))
    hidden = all(line.rsplit(":", 1)[1] == "/" for line in report.get("cgroup", "").splitlines())
    row("namespaces", "cgroup's path on the host seen", "no" if hidden else "**yes**", int(hidden))
    return rows + given(report) + mounted(report)


STANDARD_DEVICES = {"null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts", "shm", "mqueue", "fd", "stdin", "stdout", "stderr", "core", "console"}


def given(report):
    """What the program was handed."""
    extra = [d for d in report["descriptors"] if d["number"] > 2]
    canary = "HOST_CANARY" in report["environment"]
    devices = sorted(d["name"] for d in report["devices"] if d["name"] not in STANDARD_DEVICES)
    core, files, processes = report["limits"]["core"], report["limits"]["nofile"], report["limits"]["nproc"]
    return [
        ("given", "descriptors beyond 0, 1, 2", f"**{len(extra)}**" if extra else "0", -len(extra)),
        ("given", "the host's environment", "**seen**" if canary else "not seen", int(not canary)),
        ("given", "devices beyond the usual", f"{len(devices)}: " + " ".join(devices[:4]) + ("…" if len(devices) > 4 else "") if devices else "none", -len(devices)),
        ("given", "core dumps (soft limit)", "off" if core[0] == 0 else "**on**", int(core[0] == 0)),
        ("given", "limit of open files", "none" if files[1] < 0 else str(files[1]), int(files[1] >= 0)),
        ("given", "RLIMIT_NPROC", "none" if processes[1] < 0 else str(processes[1]), None),
    ]


def mounted(report):
    mounts = report["mounts"]
    # Devices are opened in /dev; everywhere else a device node must lead nowhere. A file masked with /dev/null is that one device.
    outside_dev = [m for m in mounts if not (m["point"] + "/").startswith("/dev/") and not m["root"].endswith("/null")]
    writable = [m for m in mounts if "rw" in m["flags"].split(",")]

    def without(flag, among):
        lacking = sorted({m["point"] for m in among if flag not in m["flags"].split(",")})
        return (" ".join(lacking[:4]) + ("…" if len(lacking) > 4 else "") if lacking else "none"), -len(lacking)

    root = next((m for m in reversed(mounts) if m["point"] == "/"), None)
    travels = any("propagation" in m for m in mounts)
    kernel_written = [m["point"] for m in writable if m["type"] in ("sysfs", "cgroup", "cgroup2", "debugfs", "securityfs", "tracefs", "bpf")]
    return [
        ("mounts", "root", "read-only" if root and "ro" in root["flags"].split(",") else "writable", None),
        ("mounts", "without nodev, outside /dev", *without("nodev", outside_dev)),
        ("mounts", "without nosuid", *without("nosuid", mounts)),
        ("mounts", "writable without nosuid", *without("nosuid", writable)),
        ("mounts", "/proc without noexec", *without("noexec", [m for m in mounts if m["type"] == "proc"])),
        ("mounts", "path of the root on the host seen", "**yes**" if report.get("hostPaths") else "no", int(not report.get("hostPaths"))),
        ("mounts", "propagation to or from the host", "**yes**" if travels else "no", int(not travels)),
        ("mounts", "writable /sys or cgroup", " ".join(kernel_written[:3]) or "none", -len(kernel_written)),
    ]


def bombs(results):
    """[(section, name, text, rank)] of {kind: {"reached": n, "stoppedBy": what} or None}."""
    names = {"forkbomb": "fork bomb, processes", "membomb": "memory bomb, MiB", "diskbomb": "disk bomb in /tmp, MiB", "devbomb": "disk bomb in /dev, MiB",
             "shmbomb": "disk bomb in /dev/shm, MiB", "filebomb": "open files", "cpubomb": "processor time in a second, four processes"}
    rows = []
    for kind, name in names.items():
        result = results.get(kind)
        if result is None:
            rows.append(("bombs", name, "not run", None))
        elif kind == "cpubomb" and "reached" in result:
            # What else the host does takes its part, so this is shown and not ranked; scripts/test-cgroup2 tests the limit.
            rows.append(("bombs", name, f"{result['reached']} ms", None))
        elif "reached" not in result:
            rows.append(("bombs", name, result.get("stoppedBy", "ended"), 1))
        else:
            stopped = result["stoppedBy"] != "nothing"
            rows.append(("bombs", name, f"stopped at {result['reached']} ({result['stoppedBy']})" if stopped else f"**not stopped** at {result['reached']}", int(stopped)))
    return rows


SECTIONS = (("files", "files"), ("callsKernel", "calls on the kernel"), ("callsMount", "calls on mounts and namespaces"),
            ("callsProcess", "calls on processes, keys and ids"), ("sockets", "sockets"), ("reach", "reach"))


def cells(report, bomb_results, host):
    """{(section, name): (text, rank)} in the order of the table."""
    table = {(section, name): (words, rank) for section, name, words, rank in scalars(report, host) + bombs(bomb_results)}
    program_is_init = report.get("initName") == "probe" and report["identity"]["pid"] in (1, 2) and report["processesSeen"] <= 2
    for key, section in SECTIONS:
        for item in report[key]:
            table[(section, item["name"])] = trial(item["name"], item["result"], item["detail"], program_is_init)
    session = next((t for t in report["callsProcess"] if t["name"] == "key of the host's session"), None)
    if session:
        shared = session["result"] == "allowed"
        table[("calls on processes, keys and ids", session["name"])] = ("**found**" if shared else "not found", int(not shared))
    return table


def weaker(columns, ours):
    """[(row, our text, [(runtime, its text)])] where another runtime's cell is stronger than ours."""
    found = []
    for row, (words, rank) in columns[ours].items():
        if rank is None:
            continue
        stronger = [(name, cells_[row][0]) for name, cells_ in columns.items()
                    if name != ours and row in cells_ and cells_[row][1] is not None and cells_[row][1] > rank]
        if stronger:
            found.append((row, words, stronger))
    return found
