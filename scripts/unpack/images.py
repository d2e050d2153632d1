# SPDX-License-Identifier: Apache-2.0
"""The three images that unpacking is measured with, made once from Debian packages into images/build/bench: an OCI layout for each compression, the
same as one archive, and each layer's tar."""
import hashlib
import json
import os
import re
import shutil
import subprocess
import tarfile

# Name: packages, and the paths that make layers of their own, from the lowest up; the last layer is the rest.
IMAGES = {
    "small": (["busybox-static"], []),
    "medium": (["python3"], []),
    "large": (["gcc", "g++", "gfortran", "cmake", "nodejs"], [r"\./(bin|sbin|lib|lib64|etc|var|usr/bin|usr/sbin)(/|$)", r"\./usr/lib/gcc(/|$)", r"\./usr/lib(/|$)"]),
}
SLIM = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "man", "locale")]


def root_tar(folder, name, mirror):
    """The whole root file system as one tar."""
    path = os.path.join(folder, f"{name}.tar")
    if not os.path.exists(path):
        variant = "extract" if name == "small" else "minbase"
        subprocess.run(["mmdebstrap", "--quiet", f"--variant={variant}", "--include=" + ",".join(IMAGES[name][0]), *SLIM,
                        '--aptopt=APT::Install-Recommends "false"', "bookworm", path + ".part", *mirror, "--format=tar"], check=True)
        os.rename(path + ".part", path)
    return path


def split(path, patterns, folder):
    """The tar cut into layers by path. A hard link goes where its target goes."""
    if not patterns:
        return [path]
    names = [os.path.join(folder, f"layer{number}.tar") for number in range(len(patterns) + 1)]
    outputs = [tarfile.open(name, "w", format=tarfile.PAX_FORMAT) for name in names]
    with tarfile.open(path) as source:
        for member in source:
            place = member.linkname if member.islnk() else member.name
            place = place if place.startswith("./") else "./" + place
            number = next((at for at, pattern in enumerate(patterns) if re.match(pattern, place)), len(patterns))
            outputs[number].addfile(member, source.extractfile(member) if member.isreg() else None)
    for output in outputs:
        output.close()
    return names


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else hashlib.sha256(file.read()).hexdigest()


def put(layout, data):
    name = hashlib.sha256(data).hexdigest()
    with open(os.path.join(layout, "blobs", "sha256", name), "wb") as file:
        file.write(data)
    return {"digest": "sha256:" + name, "size": len(data)}


def make_layout(layout, tars, compression):
    """An OCI layout with the tag `bench`; answers [(blob, diff id)]."""
    blobs = os.path.join(layout, "blobs", "sha256")
    os.makedirs(blobs)
    layers, diff_ids, facts = [], [], []
    kind = "application/vnd.oci.image"
    for tar in tars:
        packed = os.path.join(layout, "layer")
        with open(packed, "wb") as out:
            subprocess.run(["gzip", "-n", "-6", "-c", tar] if compression == "gzip" else ["zstd", "-q", "-3", "-c", tar], stdout=out, check=True)
        name, diff = digest(packed), digest(tar)
        layers.append({"mediaType": f"{kind}.layer.v1.tar+{compression}", "digest": "sha256:" + name, "size": os.path.getsize(packed)})
        diff_ids.append("sha256:" + diff)
        os.rename(packed, os.path.join(blobs, name))
        facts.append({"blob": os.path.join(blobs, name), "diff": diff})
    config = put(layout, json.dumps({"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/bin/sh"]},
                                     "rootfs": {"type": "layers", "diff_ids": diff_ids}}).encode())
    manifest = put(layout, json.dumps({"schemaVersion": 2, "mediaType": f"{kind}.manifest.v1+json",
                                       "config": {"mediaType": f"{kind}.config.v1+json", **config}, "layers": layers}).encode())
    index = {"schemaVersion": 2, "manifests": [{"mediaType": f"{kind}.manifest.v1+json", **manifest,
                                                "annotations": {"org.opencontainers.image.ref.name": "bench"}}]}
    for name, value in (("index.json", index), ("oci-layout", {"imageLayoutVersion": "1.0.0"})):
        with open(os.path.join(layout, name), "w") as file:
            json.dump(value, file)
    return facts


def make(folder, name, mirror):
    """Everything of one image; made once. {"tars": […], "gzip": {"layout", "archive", "layers"}, "zstd": …}"""
    here = os.path.join(folder, name)
    facts = os.path.join(here, "facts.json")
    if not os.path.exists(facts):
        whole = root_tar(folder, name, mirror)
        shutil.rmtree(here, ignore_errors=True)
        os.makedirs(here)
        made = {"tars": split(whole, IMAGES[name][1], here)}
        for compression in ("gzip", "zstd"):
            layout = os.path.join(here, compression)
            layers = make_layout(layout, made["tars"], compression)
            subprocess.run(["tar", "-C", layout, "-cf", layout + ".tar", "oci-layout", "index.json", "blobs"], check=True)
            made[compression] = {"layout": layout, "archive": layout + ".tar", "layers": layers}
        made["bytes"] = sum(os.path.getsize(tar) for tar in made["tars"])
        with open(facts, "w") as file:
            json.dump(made, file)
    with open(facts) as file:
        return json.load(file)


def mirror():
    """The mirror that this machine uses for Debian itself, as mmdebstrap's argument; none takes Debian's own."""
    lines = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(ORIGIN)"], capture_output=True, text=True).stdout.splitlines()
    return [line.split()[0] for line in lines if line.endswith(" Debian")][:1]
