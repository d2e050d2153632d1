# SPDX-License-Identifier: Apache-2.0
"""Spans of real calls at a collector of this test's own. SWIFTLET_COLLECTOR is the port that the host was told."""
import json
import time

from conftest import ask, call, later, must, settled


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
    assert {"route", "admission", "launch", "mounts", "exec", "listen", "healthz", "proxy"} <= set(found)
    for name in ["route", "admission", "proxy"]:
        assert found[name]["parentSpanId"] == whole["spanId"]
    for name in ["launch", "mounts", "exec", "listen", "healthz"]:
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


def of(spans, trace, name, count):
    """The spans of one name, as soon as there are so many."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        found = [span for span in spans if span["traceId"] == trace and span["name"] == name]
        if len(found) >= count:
            return sorted(found, key=lambda span: int(span["startTimeUnixNano"]))
        time.sleep(0.05)
    raise AssertionError(f"there are not {count} spans '{name}' of trace {trace}, but {[s['name'] for s in spans if s['traceId'] == trace]}")


def test_an_asynchronous_call_has_a_span_for_its_wait_and_one_for_each_attempt_in_its_callers_trace(spans, function):
    trace, parent = "e" * 32, "f" * 16
    path = f"/2023-03-30/functions/{function}"
    must("PUT", f"{path}/async-invoke-config", {"maxAsyncRetryAttempts": 2, "retryFirstDelaySeconds": 0.1})
    must("PUT", path, {"customContainerConfig": {"entrypoint": ["/there-is-none"]}})
    task = later(function, {"traceparent": f"00-{trace}-{parent}-01", "x-fc-async-delay": "1"})
    settled(function)
    enqueued = of(spans, trace, f"enqueue {function}", 1)[0]
    assert (enqueued["parentSpanId"], enqueued["kind"]) == (parent, 4)
    attempts = of(spans, trace, f"async {function}", 3)
    assert [attributes(attempt)["swiftlet.attempt"] for attempt in attempts] == ["1", "2", "3"]
    for attempt in attempts:
        assert (attempt["parentSpanId"], attempt["kind"]) == (enqueued["spanId"], 5)
        assert attributes(attempt)["swiftlet.task"] == task and attributes(attempt)["swiftlet.outcome"] == "start_failed"
    waits = of(spans, trace, "queue", 1) + of(spans, trace, "retry", 2)
    assert [wait["parentSpanId"] for wait in waits] == [attempt["spanId"] for attempt in attempts]
    lengths = [(int(wait["endTimeUnixNano"]) - int(wait["startTimeUnixNano"])) / 1e9 for wait in waits]
    assert lengths[0] >= 1 and lengths[1] >= 0.08 and lengths[2] >= 0.16, lengths


def test_the_lines_that_a_function_logs_name_the_trace_of_their_call(spans, function):
    (first, second) = ("1" * 32, "2" * 32)
    ask("POST", f"/2023-03-30/functions/{function}/invocations", b"x", {"traceparent": f"00-{first}-{'b' * 16}-01"})
    later(function, {"traceparent": f"00-{second}-{'b' * 16}-01"})
    settled(function)
    of(spans, second, "proxy", 1)
    end, marks = time.monotonic() + 30, []
    # The end of a call is written down while its answer is on its way.
    while len(marks) < 4 and time.monotonic() < end:
        lines = [json.loads(line) for line in ask("GET", f"/swiftlet/v1/functions/{function}/logs")[2].splitlines()]
        marks = [(line["message"].split(" RequestId")[0], line.get("trace")) for line in lines if line["message"].startswith("FC Invoke")]
    assert marks == [("FC Invoke Start", first), ("FC Invoke End", first), ("FC Invoke Start", second), ("FC Invoke End", second)]
