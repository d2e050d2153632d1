#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""sign.py REGISTRY REPOSITORY DIGEST KEY tag|referrer [NAMED]: signs a manifest as cosign does, by openssl, and puts the signature into the registry.

NAMED is the digest that the payload names, where that is to be a lie. For `referrer` the signature's manifest is also listed under the tag
`sha256-HEX`, and the list is printed. Source: cosign, "Signature Specification"; distribution specification 1.1, "Referrers Tag Schema".
"""
import base64
import hashlib
import json
import subprocess
import sys
import urllib.request

registry, repository, digest, key, place = sys.argv[1:6]
named = sys.argv[6] if len(sys.argv) > 6 else digest
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def send(method, url, data=None, kind="application/octet-stream"):
    request = urllib.request.Request(url, data=data, method=method, headers={"Content-Type": kind})
    return opener.open(request)


def blob(data):
    name = "sha256:" + hashlib.sha256(data).hexdigest()
    location = send("POST", f"http://{registry}/v2/{repository}/blobs/uploads/").headers["Location"]
    send("PUT", location + ("&" if "?" in location else "?") + "digest=" + name, data)
    return {"digest": name, "size": len(data)}


payload = json.dumps({
    "critical": {
        "identity": {"docker-reference": f"{registry}/{repository}"}, "image": {"docker-manifest-digest": named},
        "type": "cosign container image signature"},
    "optional": None}).encode()
signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=payload, check=True, capture_output=True).stdout
artifact = "application/vnd.dev.cosign.artifact.sig.v1+json"
manifest = {
    "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
    "config": {"mediaType": "application/vnd.oci.image.config.v1+json" if place == "tag" else artifact, **blob(b"{}")},
    "layers": [{
        "mediaType": "application/vnd.dev.cosign.simplesigning.v1+json", **blob(payload),
        "annotations": {"dev.cosignproject.cosign/signature": base64.b64encode(signature).decode()}}]}
if place == "referrer":
    manifest["subject"] = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": 1}
data = json.dumps(manifest).encode()
own = "sha256:" + hashlib.sha256(data).hexdigest()
tag = digest.replace(":", "-") + ".sig" if place == "tag" else own
send("PUT", f"http://{registry}/v2/{repository}/manifests/{tag}", data, manifest["mediaType"])
if place == "referrer":
    entry = {"mediaType": manifest["mediaType"], "digest": own, "size": len(data), "artifactType": artifact}
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [entry]}
    text = json.dumps(index).encode()
    send("PUT", f"http://{registry}/v2/{repository}/manifests/{digest.replace(':', '-')}", text, index["mediaType"])
    print(text.decode())
