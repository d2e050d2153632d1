# SPDX-License-Identifier: Apache-2.0
"""The ways to the backend that are measured: each is a process with one worker thread, and an address."""
import os
import shutil
import socket
import subprocess
import tempfile
import time

import processes
import swiftlet_host

HOME = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NGINX = """worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log warn;
events {{ worker_connections 4096; }}
http {{
  access_log off; client_max_body_size 0; keepalive_requests 100000000; tcp_nodelay on;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream backend {{ server 127.0.0.1:{backend}; keepalive 512; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_request_buffering off; }}
  }}
}}
"""
HAPROXY = """global
  nbthread 1
  maxconn 8192
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend front
  bind 127.0.0.1:{port}
  default_backend back
backend back
  server one 127.0.0.1:{backend}
"""


def folder_for_programs():
    """A parent for temporary folders in which a program may be started: TMPDIR may lie on a file system that forbids it."""
    for parent in (tempfile.gettempdir(), os.path.join(HOME, ".build"), "/var/tmp"):
        if not os.path.isdir(parent):
            continue
        with tempfile.TemporaryDirectory(dir=parent, prefix="may-execute-", ignore_cleanup_errors=True) as folder:
            program = os.path.join(folder, "program")
            with open(program, "w") as out:
                out.write("#!/bin/sh\n")
            os.chmod(program, 0o700)
            try:
                subprocess.run([program], check=True)
                return parent
            except OSError:
                continue
    raise swiftlet_host.Failure("no folder for temporary files lets a program start; set TMPDIR to one that does")


class Way:
    """`paths` maps a kind of request to its path; `process` is the one whose processor time counts, with its children."""

    def __init__(self, port, process=None, prefix="", event="/invoke"):
        self.port, self.process, self.prefix, self.event = port, process, prefix, event

    def address(self, case):
        return f"http://127.0.0.1:{self.port}" + (self.event if case.event else self.prefix + case.path)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait()


def listening(port, process, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise swiftlet_host.Failure(f"{process.args[0]} ended with status {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise swiftlet_host.Failure(f"{process.args[0]} did not listen within {seconds} s")


def spawn(words, port, environment=None):
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **(environment or {})})
    listening(port, process)
    return process


def backend(program):
    port = swiftlet_host.free_port()
    return Way(port, spawn([program], port, {"PORT": str(port)}))


def nginx(folder, behind):
    port, file = swiftlet_host.free_port(), os.path.join(folder, "nginx.conf")
    with open(file, "w") as out:
        out.write(NGINX.format(folder=folder, port=port, backend=behind))
    return Way(port, spawn([shutil.which("nginx") or "/usr/sbin/nginx", "-c", file, "-e", os.path.join(folder, "nginx.log")], port))


def haproxy(folder, behind):
    port, file = swiftlet_host.free_port(), os.path.join(folder, "haproxy.cfg")
    with open(file, "w") as out:
        out.write(HAPROXY.format(port=port, backend=behind))
    return Way(port, spawn([shutil.which("haproxy") or "/usr/sbin/haproxy", "-f", file, "-db"], port))


def go(folder, source, behind):
    program, port = os.path.join(folder, "go-proxy"), swiftlet_host.free_port()  # `proxy` is a folder of nginx
    subprocess.run(["go", "build", "-o", program, source], check=True, env={**os.environ, "GO111MODULE": "off", "GOTMPDIR": folder}, capture_output=True)
    return Way(port, spawn([program, f"127.0.0.1:{port}", f"127.0.0.1:{behind}"], port, {"GOMAXPROCS": "1"}))


def swiftlet(binary, archive_file, options=(), environment=None):
    """A host whose one function is the backend, in a sandbox, with an instance that is warm."""
    host = swiftlet_host.Host(binary, options=["--event-loops", "1", *options], environment=environment)
    try:
        host.wait_ready(60)
        host.load(archive_file, "backend:1")
        host.create("bench", "backend:1", memory=2048, cpu=2.0, concurrency=200, maximum=1)
        status, _, body = host.invoke("bench", b"x")
        if status != 200 or len(body) != 20:
            raise swiftlet_host.Failure(f"the function answered {status} {body[:200]}")
    except BaseException:
        host.stop()
        raise
    return host, Way(host.port, host.process, "/http/bench", "/2023-03-30/functions/bench/invocations")


def seconds_used(pid):
    """Processor time of a process and all that descend from it but what an instance used: sandboxes are told by their process 1."""
    total = 0
    for found in processes.family(pid, sandboxed):
        try:
            with open(f"/proc/{found}/stat") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        except OSError:
            pass  # it has ended since
    return total / os.sysconf("SC_CLK_TCK")


def sandboxed(pid):
    try:
        return os.readlink(f"/proc/{pid}/ns/pid") != os.readlink("/proc/self/ns/pid")
    except OSError:
        return True
