# SPDX-License-Identifier: Apache-2.0
"""Prints a line for each file below a folder: list-tree.py ROOT. Two trees that a program cannot tell apart print the same.

Devices are left out, and so are the times of folders that no layer named and the overlay's own attributes.
"""
import hashlib
import json
import os
import stat
import sys

root = os.fsencode(sys.argv[1])
first_name = {}
lines = []


def attributes(path):
    found = {}
    for name in os.listxattr(path, follow_symlinks=False):
        if not name.startswith(("user.overlay.", "trusted.overlay.")):
            found[name] = os.getxattr(path, name, follow_symlinks=False).hex()
    return found


def visit(path, name):
    status = os.lstat(path)
    kind = stat.S_IFMT(status.st_mode)
    if kind in (stat.S_IFCHR, stat.S_IFBLK):
        return
    line = {
        "name": name.decode("utf-8", "surrogateescape"),
        "mode": oct(status.st_mode),
        "owner": [status.st_uid, status.st_gid],
        "time": status.st_mtime_ns,
        "attributes": attributes(path),
    }
    if kind == stat.S_IFLNK:
        line["target"] = os.readlink(path).decode("utf-8", "surrogateescape")
    if kind == stat.S_IFREG:
        with open(path, "rb") as file:
            line["content"] = hashlib.sha256(file.read()).hexdigest()
        line["size"] = status.st_size
    if kind != stat.S_IFDIR:
        line["same as"] = first_name.setdefault((status.st_dev, status.st_ino), line["name"])
    lines.append(json.dumps(line, sort_keys=True))
    if kind == stat.S_IFDIR:
        for below in sorted(os.listdir(path)):
            visit(os.path.join(path, below), os.path.join(name, below))


visit(root, b".")
print("\n".join(lines))
