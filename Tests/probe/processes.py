# SPDX-License-Identifier: Apache-2.0
"""Processes as /proc has them. One that has ended since has no children, no name, and holds nothing."""
import os


def children(pid):
    """Those of all its threads: the kernel keeps them by the thread that made them."""
    found = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children") as file:
                found += map(int, file.read().split())
    except OSError:
        pass
    return found


def family(pid, but=lambda pid: False):
    """A process and all that descend from it; `but` names those that are left out, with what is below them."""
    return [pid] + [below for child in children(pid) if not but(child) for below in family(child, but)]


def name(pid):
    try:
        with open(f"/proc/{pid}/comm") as file:
            return file.read().strip()
    except OSError:
        return ""


def held(pid):
    """Bytes that a process maps, of shared pages its share."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return next((int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:")), 0)
    except OSError:
        return 0


def daemon(launcher):
    """The launcher's one child that serves; None where it has none."""
    return next((child for child in children(launcher) if name(child) == "swiftlet"), None)
