# SPDX-License-Identifier: Apache-2.0
"""An image archive (the form of `docker save`) with one layer, and a bundle for OCI runtimes, made without any container tool."""
import hashlib
import io
import json
import os
import tarfile


def layer(files):
    """A tar of `files` (path inside the image -> path on the host), with an empty /tmp. Owners are fixed."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for folder in sorted({"tmp"} | {part for path in files for part in parents(path)}):
            entry = tarfile.TarInfo(folder + "/")
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
            tar.addfile(entry)
        for path, source in sorted(files.items()):
            with open(source, "rb") as content:
                bytes_ = content.read()
            entry = tarfile.TarInfo(path)
            # Python trusts a compiled file only as long as its source's time is what it was.
            entry.size, entry.mode, entry.mtime = len(bytes_), 0o755, int(os.stat(source).st_mtime)
            tar.addfile(entry, io.BytesIO(bytes_))
    return out.getvalue()


def parents(path):
    parts = path.split("/")[:-1]
    return ["/".join(parts[: i + 1]) for i in range(len(parts))]


def write(target, name, files, entrypoint, environment=()):
    """Writes the archive of image `name` to `target`."""
    content = layer(files)
    diff = "sha256:" + hashlib.sha256(content).hexdigest()
    config = json.dumps({
        "architecture": "amd64", "os": "linux", "created": "1970-01-01T00:00:00Z",
        "config": {"Entrypoint": list(entrypoint), "Env": ["PATH=/usr/bin:/bin", *environment], "WorkingDir": "/"},
        "rootfs": {"type": "layers", "diff_ids": [diff]},
        "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "one static program"}],
    }).encode()
    config_name = hashlib.sha256(config).hexdigest() + ".json"
    manifest = json.dumps([{"Config": config_name, "RepoTags": [name], "Layers": ["layer.tar"]}]).encode()
    with tarfile.open(target, "w", format=tarfile.USTAR_FORMAT) as tar:
        for path, bytes_ in ((config_name, config), ("layer.tar", content), ("manifest.json", manifest)):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(bytes_), 0o644
            tar.addfile(entry, io.BytesIO(bytes_))


def unpack(folder, files):
    """The same root as a folder, for the runtimes that want one."""
    os.makedirs(folder, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(layer(files))) as tar:
        tar.extractall(folder)
    # Runtimes make these in the root when they are missing; in one that is shared and read-only they must be there.
    for name in ("proc", "sys", "dev", "tmp"):
        os.makedirs(os.path.join(folder, name), exist_ok=True)
