# SPDX-License-Identifier: Apache-2.0
"""A Swiftlet host of one's own: on a free port, in a state directory of its own, spoken to over its HTTP API."""
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import processes


class Failure(Exception):
    pass


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Host:
    def __init__(self, binary, state=None, options=(), environment=None):
        self.binary = os.path.abspath(binary)
        self.port = free_port()
        self.state = state or tempfile.mkdtemp(prefix="swiftlet-")
        self.log = open(os.path.join(tempfile.gettempdir(), f"swiftlet-host-{self.port}.log"), "w+b")
        # Of a session of its own, so that a signal meant for the script does not end it before its instances.
        self.process = subprocess.Popen(
            [self.binary, "serve", "--state-dir", self.state, "--listen", f"127.0.0.1:{self.port}", *options],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, start_new_session=True, env=environment)

    def children(self):
        """The launcher's: the daemon, the instances, and what it keeps to make them."""
        return processes.children(self.process.pid)

    def daemon(self):
        """The pid of the launcher's one child that serves."""
        if (found := processes.daemon(self.process.pid)) is None:
            raise Failure("the launcher has no daemon")
        return found

    def said(self):
        self.log.flush()
        with open(self.log.name, errors="replace") as log:
            return log.read()[-2000:]

    def wait_ready(self, seconds=120):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise Failure(f"swiftlet serve ended with status {self.process.returncode}: {self.said()}")
            try:
                if self.call("GET", "/swiftlet/v1/host")[0] == 200:
                    return self
            except OSError:
                pass
            time.sleep(0.02)
        raise Failure(f"swiftlet serve did not answer within {seconds} s: {self.said()}")

    def call(self, method, path, body=None, headers=None, seconds=120):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def json(self, method, path, value=None):
        body = None if value is None else json.dumps(value).encode()
        status, _, content = self.call(method, path, body, {"Content-Type": "application/json"} if body else {})
        if status >= 400:
            raise Failure(f"{method} {path}: {status} {content.decode(errors='replace')[:500]}")
        return json.loads(content) if content else None

    def load(self, archive, name):
        with open(archive, "rb") as file:
            status, _, content = self.call("POST", f"/swiftlet/v1/images?name={name}", file.read(), {"Content-Type": "application/x-tar"})
        lines = [json.loads(line) for line in content.decode().splitlines() if line.strip()]
        if status != 200 or not lines or lines[-1].get("event") != "loaded":
            raise Failure(f"load {name}: {status} {content.decode(errors='replace')[-500:]}")

    def create(self, name, image, port=9000, memory=1024, cpu=1.0, concurrency=1, maximum=None, **more):
        wanted = {
            "functionName": name, "runtime": "custom-container", "handler": "index.handler", "cpu": cpu, "memorySize": memory, "diskSize": 512,
            "timeout": 120, "instanceConcurrency": concurrency, "customContainerConfig": {"image": image, "port": port}, **more}
        if maximum is not None:
            wanted["maxInstances"] = maximum
        self.json("POST", "/2023-03-30/functions", wanted)
        end = time.monotonic() + 60
        while (made := self.json("GET", f"/2023-03-30/functions/{name}")).get("state") == "Pending":
            if time.monotonic() > end:
                raise Failure(f"{name} is still pending after 60 s")
            time.sleep(0.02)
        if made.get("state") not in (None, "Active"):
            raise Failure(f"{name} is {made.get('state')}: {made.get('stateReason')}")

    def invoke(self, name, body=b"", headers=None, seconds=120):
        return self.call("POST", f"/2023-03-30/functions/{name}/invocations", body, {"Content-Type": "application/octet-stream", **(headers or {})}, seconds)

    def stop_instances(self, name):
        return self.json("DELETE", f"/swiftlet/v1/functions/{name}/instances")

    def end(self):
        """Stops it as its operator does, and answers its exit status; its state stays."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(90)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode

    def stop(self):
        self.end()
        self.log.close()
        os.unlink(self.log.name)
        shutil.rmtree(self.state, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
