# SPDX-License-Identifier: Apache-2.0
"""What a warm call asks the heap for, and how many instructions it takes outside of the kernel, where this machine counts them. No times: counting costs."""
import os
import re
import struct
import subprocess

import load
import ways

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "allocations.c")


def count(binary, image, cases, folder):
    """{case: {"allocations", "instructions"}} of one request; instructions are None where they cannot be counted."""
    os.chmod(folder, 0o711)
    library, counts = os.path.join(folder, "allocations.so"), os.path.join(folder, "allocations")
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"], check=True)
    with open(counts, "wb") as file:
        file.write(bytes(8))
    os.chmod(counts, 0o666)
    host, way = ways.swiftlet(binary, image, environment={**os.environ, "LD_PRELOAD": library, "COUNT_ALLOCATIONS": counts})

    def now():
        with open(counts, "rb") as file:
            return struct.unpack("q", file.read(8))[0]
    try:
        result = {}
        for case in cases:
            load.plain(folder, way, case, 32, 1)
            before = now()
            counter = perf(host)
            requests = load.plain(folder, way, case, 32, 2)
            result[case.name] = {"allocations": (now() - before) / requests, "instructions": instructions(counter, requests)}
        return result
    finally:
        host.stop()


def perf(host):
    pids = ",".join(map(str, ways.family(host.process.pid)))
    try:
        return subprocess.Popen(["perf", "stat", "-x", ";", "-e", "instructions:u", "-p", pids], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    except OSError:
        return None


def instructions(counter, requests):
    if not counter:
        return None
    counter.send_signal(2)
    found = re.search(r"^(\d+);", counter.communicate(timeout=30)[1], re.MULTILINE)
    return int(found[1]) / requests if found else None
