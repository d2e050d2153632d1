# SPDX-License-Identifier: Apache-2.0
"""What a warm call asks the heap for. No times: counting costs."""
import os
import struct
import subprocess

import load
import ways

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "allocations.c")


def count(binary, image, cases, folder):
    """{case: allocations} of one request."""
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
            requests = load.plain(folder, way, case, 32, 2)
            result[case.name] = (now() - before) / requests
        return result
    finally:
        host.stop()
