# SPDX-License-Identifier: Apache-2.0
"""How many instructions a warm call takes outside of the kernel, and in which functions: by callgrind, as the difference of a longer run and a shorter one.

Of nginx too. All threads count, those that write the log among them. No times: under callgrind everything is fifty times slower."""
import os
import re
import shutil
import signal
import subprocess

import load
import swiftlet_host
import ways

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "under_callgrind.c")
PROGRAMS = ("swiftlet", "swiftlet-launcher", "swiftlet-mold", "swiftlet-unpack", "swiftlet-inflate")
SECONDS = (2, 5)
CONNECTIONS = 32
SHOWN = 15


def count(binary, image, behind, cases, folder):
    """{case: {"swiftlet", "nginx", "functions": [(name, instructions)]}}, all of one call; None where there is no valgrind."""
    if not shutil.which("valgrind"):
        return None
    # The daemon's user writes there.
    place = os.path.join(folder, "callgrind")
    os.mkdir(place)
    os.chmod(place, 0o777)
    os.chmod(folder, 0o711)
    library = os.path.join(place, "under_callgrind.so")
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-Wall", "-o", library, SOURCE], check=True)
    host = without_debug_information(binary, place)
    result = {}
    for case in cases:
        ours = difference([run_swiftlet(host, image, library, place, case, seconds) for seconds in SECONDS])
        theirs = difference([run_nginx(behind, place, case, seconds) for seconds in SECONDS])
        functions = sorted(ours.items(), key=lambda entry: -entry[1])[:SHOWN]
        result[case.name] = {"swiftlet": sum(ours.values()), "nginx": sum(theirs.values()), "functions": list(zip(demangled([name for name, _ in functions]), [n for _, n in functions]))}
    return result


def without_debug_information(binary, place):
    """Debian's valgrind gives up where it reads Swift's."""
    for name in PROGRAMS:
        source = os.path.join(os.path.dirname(binary), name)
        if os.path.exists(source):
            subprocess.run(["strip", "-g", "-o", os.path.join(place, name), source], check=True)
    return os.path.join(place, "swiftlet")


def run_swiftlet(binary, image, library, place, case, seconds):
    out = os.path.join(place, f"swiftlet.{case.name}.{seconds}")
    host, way = ways.swiftlet(binary, image, environment={**os.environ, "LD_PRELOAD": library, "CALLGRIND_OUT": out})
    try:
        requests = load.plain(place, way, case, CONNECTIONS, seconds)
    finally:
        host.stop()
    return requests, functions_of(out)


def run_nginx(behind, place, case, seconds):
    """In one process: callgrind follows one."""
    port, out, file = swiftlet_host.free_port(), os.path.join(place, f"nginx.{case.name}.{seconds}"), os.path.join(place, "nginx.conf")
    with open(file, "w") as conf:
        conf.write("master_process off; " + ways.NGINX.format(folder=place, port=port, backend=behind))
    words = ["valgrind", "--tool=callgrind", "--quiet", f"--callgrind-out-file={out}", shutil.which("nginx") or "/usr/sbin/nginx", "-c", file, "-e", os.path.join(place, "nginx.log")]
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        ways.listening(port, process, 30)
        requests = load.plain(place, ways.Way(port), case, CONNECTIONS, seconds)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
    return requests, functions_of(out)


def functions_of(file):
    said = subprocess.run(["callgrind_annotate", "--threshold=100", file], capture_output=True, text=True, check=True).stdout
    found = {}
    for number, name in re.findall(r"^\s*([\d,]+) \([ \d.]+%\)\s+(?!PROGRAM TOTALS)(\S.*)$", said, re.MULTILINE):
        name = re.sub(r"( \[\S+\])?$", "", name.split(":", 1)[1])
        found[name] = found.get(name, 0) + int(number.replace(",", ""))
    return found


def difference(runs):
    """Of one call: start and end of the program are in both runs."""
    (fewer, first), (more, second) = runs
    return {name: (second.get(name, 0) - first.get(name, 0)) / (more - fewer) for name in {*first, *second}}


def demangled(names):
    if not shutil.which("swift"):
        return names
    said = subprocess.run(["swift", "demangle", "--simplified"], input="\n".join(names), capture_output=True, text=True).stdout.splitlines()
    return said if len(said) == len(names) else names
