# SPDX-License-Identifier: Apache-2.0
"""A running host (SWIFTLET_HOST), seen as its operator sees it. SWIFTLET_IMAGE and SWIFTLET_OTHER_IMAGE name two images that it has."""
import json
import os
import urllib.error
import urllib.request
import uuid

import pytest

HOST = os.environ["SWIFTLET_HOST"].rstrip("/")
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(method, path, body=None, headers=None):
    """One request; status, headers, bytes."""
    data = json.dumps(body).encode() if isinstance(body, dict) else body
    request = urllib.request.Request(HOST + path, data=data, method=method, headers=headers or {})
    try:
        with OPENER.open(request, timeout=60) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def must(method, path, body=None, headers=None):
    status, _, answer = ask(method, path, body, headers)
    assert 200 <= status < 300, (method, path, status, answer)
    return json.loads(answer) if answer else {}


def call(name, payload=b"x", qualifier="LATEST"):
    status, headers, answer = ask("POST", f"/2023-03-30/functions/{name}/invocations?qualifier={qualifier}", payload)
    assert status == 200 and "x-fc-error-type" not in headers, answer
    return headers, answer


@pytest.fixture
def function():
    """A function of the sample, which is deleted afterwards."""
    name = "seen-" + uuid.uuid4().hex[:8]
    make(name, os.environ["SWIFTLET_IMAGE"])
    yield name
    ask("DELETE", f"/2023-03-30/functions/{name}")


def make(name, image, **fields):
    body = {
        "functionName": name, "runtime": "custom-container", "handler": "x",
        "customContainerConfig": {"image": image, "port": 9000, "healthCheckConfig": {"httpGetUrl": "/healthz"}}, **fields}
    return must("POST", "/2023-03-30/functions", body)
