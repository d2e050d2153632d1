# SPDX-License-Identifier: Apache-2.0
"""A running host (SWIFTLET_HOST), seen as its operator sees it. SWIFTLET_IMAGE and SWIFTLET_OTHER_IMAGE name two images that it has."""
import http.server
import json
import os
import threading
import time
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


def later(name, headers=None, payload=b"x"):
    """An asynchronous call; its task's id."""
    status, answered, answer = ask("POST", f"/2023-03-30/functions/{name}/invocations", payload, {"x-fc-invocation-type": "Async", **(headers or {})})
    assert status == 202, answer
    return answered["x-fc-async-task-id"]


def settled(name):
    """Waits until nothing of a function waits or runs."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        queue = [q for q in must("GET", "/swiftlet/v1/queue")["queues"] if q["function"] == name]
        if queue and queue[0]["waiting"] == queue[0]["running"] == 0:
            return queue[0]
        time.sleep(0.05)
    raise AssertionError(f"the queue of {name} is not empty after 60 s: {queue}")


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


@pytest.fixture(scope="session", autouse=True)
def spans():
    """What has come so far to a collector, which is there from the beginning: a host that finds none tries ever more rarely."""
    received = []

    class Collector(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            assert self.path == "/v1/traces"
            for resource in body["resourceSpans"]:
                assert {"key": "service.name", "value": {"stringValue": "swiftlet"}} in resource["resource"]["attributes"]
                for scope in resource["scopeSpans"]:
                    received.extend(scope["spans"])
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["SWIFTLET_COLLECTOR"])), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield received
    server.shutdown()
