# SPDX-License-Identifier: Apache-2.0
"""Puts several Docker archives into one, as `docker save a b` does: merge-docker-archives.py OUTPUT ARCHIVE…"""
import io
import json
import sys
import tarfile

seen = set()
manifest = []
repositories = {}
with tarfile.open(sys.argv[1], "w") as output:
    for name in sys.argv[2:]:
        with tarfile.open(name) as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isfile() else None
                if member.name == "manifest.json":
                    manifest += json.load(content)
                elif member.name == "repositories":
                    for repository, tags in json.load(content).items():
                        repositories.setdefault(repository, {}).update(tags)
                elif member.name not in seen:
                    seen.add(member.name)
                    output.addfile(member, content)
    for name, document in [("manifest.json", manifest), ("repositories", repositories)]:
        data = json.dumps(document).encode()
        member = tarfile.TarInfo(name)
        member.size = len(data)
        output.addfile(member, io.BytesIO(data))
