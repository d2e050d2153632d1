# SPDX-License-Identifier: Apache-2.0
"""The programs whose start is measured. Interpreters are the host's own, with the libraries they load, so that bare and sandboxed run the same files."""
import os
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))


class Sample:
    def __init__(self, name, files, words, bare, cpu):
        self.name, self.files, self.words, self.bare, self.cpu = name, files, words, bare, cpu
        # One gigabyte a processor is the least that Function Compute takes; a start is not to be slowed by a share of a processor.
        self.memory = int(1024 * cpu)


def libraries(program):
    """{path inside: path on the host} of what the loader loads for `program`, under the names by which it asks."""
    said = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
    paths = [word for line in said.splitlines() for word in line.split() if word.startswith("/")]
    return {path.lstrip("/"): path for path in paths}


def below(folder, left_out):
    return {path.lstrip("/"): path for at, folders, names in os.walk(folder) if not prune(folders, left_out)
            for path in (os.path.join(at, name) for name in names) if os.path.isfile(path)}


def prune(folders, left_out):
    folders[:] = [name for name in folders if name not in left_out]


def static(answer):
    return Sample("static", {"answer": answer}, ["/answer"], [answer], 1.0)


def python(_):
    program = os.path.realpath("/usr/bin/python3")
    library = "/usr/lib/" + os.path.basename(program)
    modules = os.path.join(library, "lib-dynload")
    files = {program.lstrip("/"): program, "server.py": os.path.join(HERE, "server.py"), **libraries(program),
             **below(library, {"test", "tests", "idlelib", "lib2to3", "ensurepip", "tkinter", "turtledemo", "dist-packages"}) }
    for name in os.listdir(modules):
        files.update(libraries(os.path.join(modules, name)))
    return Sample("python", files, ["/" + program.lstrip("/"), "/server.py"], [program, os.path.join(HERE, "server.py")], 1.0)


def node(_):
    program = os.path.realpath(shutil.which("node") or "/usr/bin/node")
    files = {program.lstrip("/"): program, "server.js": os.path.join(HERE, "server.js"), **libraries(program)}
    return Sample("node", files, [program, "/server.js"], [program, os.path.join(HERE, "server.js")], 2.0)


ALL = {"static": static, "python": python, "node": node}
