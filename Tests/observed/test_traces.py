# SPDX-License-Identifier: Apache-2.0
"""Spans of real calls at a collector of this test's own. SWIFTLET_COLLECTOR is the port that the host was told."""
import http.server
import json
import os
import threading
import time

import pytest
from conftest import ask, call, must


@pytest.fixture(scope="module")
def spans():
    """What has come so far."""
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


def wait_for(spans, trace, name):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        found = [span for span in spans if span["traceId"] == trace]
        if any(span["name"] == name for span in found):
            return {span["name"]: span for span in found}
        time.sleep(0.05)
    raise AssertionError(f"no span '{name}' of trace {trace} came; there are {spans}")


def attributes(span):
    return {a["key"]: next(iter(a["value"].values())) for a in span["attributes"]}


def test_a_cold_call_has_a_span_for_each_part_of_it(spans, function):
    trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    status, _, _ = ask("POST", f"/2023-03-30/functions/{function}/invocations", b"x", {"traceparent": f"00-{trace}-{parent}-01"})
    assert status == 200
    found = wait_for(spans, trace, f"event {function}")
    whole = found[f"event {function}"]
    assert whole["parentSpanId"] == parent
    assert {"route", "admission", "launch", "listen", "healthz", "proxy"} <= set(found)
    for name in ["route", "admission", "proxy"]:
        assert found[name]["parentSpanId"] == whole["spanId"]
    for name in ["launch", "listen", "healthz"]:
        assert found[name]["parentSpanId"] == found["admission"]["spanId"]
    for span in found.values():
        assert int(whole["startTimeUnixNano"]) <= int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"]) <= int(whole["endTimeUnixNano"])
    assert attributes(whole)["faas.name"] == function and attributes(whole)["faas.coldstart"] is True
    start = must("GET", f"/swiftlet/v1/functions/{function}/cold-starts")["coldStarts"][-1]
    launch = int(found["launch"]["endTimeUnixNano"]) - int(found["launch"]["startTimeUnixNano"])
    assert abs(launch / 1e6 - start["phases"]["launch"]) < 0.01


def test_a_warm_call_is_routed_and_proxied(spans, function):
    call(function)
    trace = "a" * 32
    ask("GET", f"/http/{function}/x", headers={"traceparent": f"00-{trace}-{'b' * 16}-01"})
    assert set(wait_for(spans, trace, f"http {function}")) == {f"http {function}", "route", "proxy"}


def test_a_caller_who_does_not_record_is_not_recorded(spans, function):
    ask("GET", f"/http/{function}/x", headers={"traceparent": f"00-{'c' * 32}-{'b' * 16}-00"})
    ask("GET", f"/http/{function}/x", headers={"traceparent": f"00-{'d' * 32}-{'b' * 16}-01"})
    wait_for(spans, "d" * 32, f"http {function}")
    assert not [span for span in spans if span["traceId"] == "c" * 32]
