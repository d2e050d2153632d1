# SPDX-License-Identifier: Apache-2.0
"""One run of wrk, and what it says."""
import os
import re
import subprocess

import ways


class Case:
    """A kind of request. `body` bytes are posted where they are more than none; with `varied` the head is another for each request."""

    def __init__(self, name, title, path="/", body=0, event=False, varied=False):
        self.name, self.title, self.path, self.body, self.event, self.varied = name, title, path, body, event, varied


CASES = {
    "http20": Case("http20", "HTTP call, 20 B answer"),
    "varied20": Case("varied20", "HTTP call, each head another", varied=True),
    "event20": Case("event20", "event call, 20 B answer", body=20, event=True),
    "http4k": Case("http4k", "HTTP call, 4 KiB answer", path="/4k"),
    "post4k": Case("post4k", "HTTP call, 4 KiB POST", path="/up", body=4096),
    "post1m": Case("post1m", "HTTP call, 1 MiB POST", path="/up", body=1 << 20),
    "event1m": Case("event1m", "event call, 1 MiB event", body=1 << 20, event=True),
}
VARIED = 1000
UNITS = {"us": 1, "ms": 1000, "s": 1_000_000, "m": 60_000_000}


def script(folder, case):
    if case.body == 0 and not case.varied:
        return []
    file = os.path.join(folder, f"{case.name}.lua")
    with open(file, "w") as out:
        if case.varied:
            # Made ahead: to make one costs wrk more than to send it.
            out.write(f'local made, at = {{}}, 0\ninit = function() for number = 1, {VARIED} do made[number] = wrk.format("GET", nil, {{["X-Number"] = tostring(number)}}) end end\n'
                      f"request = function() at = at % {VARIED} + 1; return made[at] end\n")
            return ["-s", file]
        out.write(f'wrk.method = "POST"\nwrk.body = string.rep("x", {case.body})\nwrk.headers["Content-Type"] = "application/octet-stream"\n')
    return ["-s", file]


def microseconds(text):
    """None for what wrk says of a run without a whole request in it."""
    found = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text)
    return float(found[1]) * UNITS[found[2]] if found else None


def plain(folder, way, case, connections, seconds):
    """The number of requests that were answered."""
    words = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", *script(folder, case), way.address(case)]
    said = subprocess.run(words, capture_output=True, text=True, timeout=seconds + 60).stdout
    return int(re.search(r"(\d+) requests in", said)[1])


def run(folder, way, case, connections, seconds):
    """{"perSecond", "p50", "p99" (microseconds), "errors", "cpu" (microseconds of the proxy a request)}"""
    words = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", *script(folder, case), way.address(case)]
    before = ways.seconds_used(way.process.pid)
    said = subprocess.run(words, capture_output=True, text=True, timeout=seconds + 60).stdout
    used = ways.seconds_used(way.process.pid) - before
    requests = re.search(r"(\d+) requests in", said)
    if not requests or int(requests[1]) == 0:
        return {"perSecond": 0, "p50": None, "p99": None, "errors": 1, "cpu": None}
    errors = sum(int(number) for number in re.findall(r"(?:connect|read|write|timeout) (\d+)", said)) + int((re.search(r"Non-2xx or 3xx responses: (\d+)", said) or [0, 0])[1])
    return {"perSecond": float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]), "p50": microseconds(re.search(r"50%\s+(\S+)", said)[1]),
            "p99": microseconds(re.search(r"99%\s+(\S+)", said)[1]), "errors": errors, "cpu": used * 1e6 / int(requests[1])}
