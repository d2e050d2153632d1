# SPDX-License-Identifier: Apache-2.0
"""The command lines under which each runtime starts one static program with all the isolation that it offers by itself."""
import json
import os
import shutil
import subprocess

BUBBLEWRAP = ["--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL", "--hostname", "sandbox"]


def bubblewrap(root, program, environment):
    """Everything unshared, no capability, an empty environment, its own /dev, /proc and /tmp, the root read-only."""
    words = ["bwrap", *BUBBLEWRAP]
    for name, value in environment.items():
        words += ["--setenv", name, value]
    return words + ["--ro-bind", root, "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", *program]


def bundle(folder, root, program, environment, limits=None, tool="runc"):
    """The tool's own default specification (`runc spec`), with the program, its environment and limits put in."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "config.json")
    if os.path.exists(path):
        os.unlink(path)
    subprocess.run([tool, "spec"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    with open(path) as file:
        spec = json.load(file)
    spec["process"]["terminal"] = False
    spec["process"]["args"] = list(program)
    spec["process"]["env"] = [f"{name}={value}" for name, value in environment.items()]
    spec["root"] = {"path": root, "readonly": True}
    spec["mounts"].append({"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "mode=1777", "size=64m"]})
    if limits:
        spec["linux"].setdefault("resources", {}).update(limits)
    with open(path, "w") as file:
        json.dump(spec, file)
    return folder


def limits(memory, processes):
    """As the runtime specification names them: bytes, and a count; of processors always one."""
    return {"memory": {"limit": memory, "swap": memory}, "pids": {"limit": processes}, "cpu": {"quota": 100000, "period": 100000}}


def podman(storage, *words, runtime=None):
    start = ["podman", "--root", os.path.join(storage, "root"), "--runroot", os.path.join(storage, "run"), "--tmpdir", os.path.join(storage, "tmp"),
             "--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", "--events-backend", "none"]
    return start + (["--runtime", runtime] if runtime else []) + list(words)


def forget_podman():
    """podman leaves empty groups behind, one a controller; a group that is in use stays, since the kernel keeps it."""
    for folder, _, _ in os.walk("/sys/fs/cgroup", topdown=False):
        if "libpod_parent" in folder:
            try:
                os.rmdir(folder)
            except OSError:
                pass  # not ours


def on_one_hierarchy(words):
    """crun refuses a host that has cgroup v2 mounted beside v1: it is given a view without the second."""
    beside = "/sys/fs/cgroup/unified"
    if not os.path.ismount(beside):
        return list(words)
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", f'umount {beside} && exec "$0" "$@"', *words]


def found(tool):
    return shutil.which(tool) is not None


def why(result):
    """The last thing a failed tool said, in one line."""
    said = (result.stderr or result.stdout or b"").decode(errors="replace").strip().splitlines()
    return said[-1][:200] if said else f"ended with status {result.returncode}, silent"
