# SPDX-License-Identifier: Apache-2.0
"""Every number of /metrics, read by Prometheus' own client."""
import html
import json
import pathlib
import re
import time
import uuid

import pytest
from conftest import ask, call, later, must, settled
from prometheus_client.parser import text_string_to_metric_families

DASHBOARD = pathlib.Path(__file__).resolve().parents[2] / "docs/grafana-dashboard.json"


def families():
    status, headers, text = ask("GET", "/metrics")
    assert status == 200 and headers["content-type"].startswith("text/plain; version=0.0.4")
    return {family.name: family for family in text_string_to_metric_families(text.decode())}


def value(families, name, **labels):
    family = families.get(name) or families.get(re.sub("_(total|bucket|sum|count)$", "", name))
    # A name has no line as long as it has no series.
    return 0 if family is None else sum(s.value for s in family.samples if s.name == name and labels.items() <= s.labels.items())


def test_calls_are_counted_by_function_version_kind_and_outcome(function):
    for _ in range(3):
        call(function)
    assert ask("GET", f"/http/{function}/path")[0] == 200
    found = families()
    assert value(found, "swiftlet_invocations_total", function=function, kind="event", outcome="success", version="LATEST") == 3
    assert value(found, "swiftlet_invocations_total", function=function, kind="http", outcome="success") == 1
    assert value(found, "swiftlet_invocation_duration_seconds_count", function=function) == 4
    assert value(found, "swiftlet_cold_starts_total", function=function) == 1
    assert value(found, "swiftlet_instances", function=function, state="running") == 1


def test_the_phases_of_a_cold_start_add_up_to_what_the_api_tells(function):
    call(function)
    start = must("GET", f"/swiftlet/v1/functions/{function}/cold-starts")["coldStarts"][0]
    seconds = value(families(), "swiftlet_cold_start_phase_seconds_sum", function=function)
    assert abs(seconds * 1000 - start["total"]) < 0.01


def test_a_refused_call_is_counted_by_its_code():
    before = value(families(), "swiftlet_errors_total", code="FunctionNotFound") if "swiftlet_errors" in families() else 0
    assert ask("POST", "/2023-03-30/functions/there-is-none/invocations", b"")[0] == 404
    assert value(families(), "swiftlet_errors_total", code="FunctionNotFound") == before + 1


def test_a_deleted_function_is_in_no_series(function):
    call(function)
    must("DELETE", f"/2023-03-30/functions/{function}")
    _, _, text = ask("GET", "/metrics")
    series = [line for line in text.decode().splitlines() if f'function="{function}"' in line and not line.startswith("swiftlet_instance")]
    assert series == []


def test_names_and_units_are_prometheus_own():
    for name, family in families().items():
        assert family.type in ("counter", "gauge", "histogram"), name
        assert family.documentation, f"{name} has no help"
        assert re.fullmatch(r"(swiftlet|process)_[a-z_]+", name), name
        if family.type == "histogram":
            assert name.endswith("_seconds"), name
        for sample in family.samples:
            assert (family.type == "counter") == sample.name.endswith("_total"), sample.name


def test_the_console_and_the_metrics_tell_the_same_numbers(function):
    for _ in range(5):
        call(function)
    steps = must("GET", f"/swiftlet/v1/functions/{function}/history")["steps"]
    found = families()
    assert sum(step["invocations"] for step in steps) == value(found, "swiftlet_invocations_total", function=function) == 5
    assert sum(step["coldStarts"] for step in steps) == value(found, "swiftlet_cold_starts_total", function=function) == 1


def test_asynchronous_calls_are_counted_like_others_and_so_is_their_queue(function):
    path = f"/2023-03-30/functions/{function}"
    for _ in range(3):
        later(function)
    settled(function)
    must("PUT", path, {"customContainerConfig": {"entrypoint": ["/there-is-none"]}})
    must("PUT", f"{path}/async-invoke-config", {"maxAsyncRetryAttempts": 2, "retryFirstDelaySeconds": 0.05})
    later(function)
    settled(function)
    later(function, {"x-fc-async-delay": "3000"})
    found = families()
    calls = {"function": function, "kind": "async"}
    assert value(found, "swiftlet_invocations_total", outcome="success", **calls) == 3
    assert value(found, "swiftlet_invocations_total", outcome="start_failed", **calls) == 3
    starts = must("GET", f"/swiftlet/v1/functions/{function}/cold-starts")["coldStarts"]
    assert value(found, "swiftlet_cold_starts_total", function=function) == len(starts) >= 1
    assert value(found, "swiftlet_invocation_duration_seconds_count", function=function) == 6
    numbers = {
        "accepted_total": 5, "done_total": 3, "retries_total": 2, "dead_letters": 1, "depth": 1, "in_flight": 0}
    assert {name: value(found, f"swiftlet_queue_{name}", function=function) for name in numbers} == numbers
    assert 0 <= value(found, "swiftlet_queue_oldest_age_seconds", function=function) < 60


def test_no_caller_can_make_series_without_end():
    for _ in range(20):
        name = "made-up-" + uuid.uuid4().hex
        ask("POST", f"/2023-03-30/functions/{name}/invocations?qualifier={name}", b"")
        ask("GET", f"/http/{name}/{name}", headers={"host": f"{name}.localhost"})
        ask("GET", f"/swiftlet/v1/{name}")
    assert b"made-up-" not in ask("GET", "/metrics")[2]


def rows(path, table):
    """The cells of a table of a page, by what stands first in its row."""
    _, _, page = ask("GET", path)
    body = re.search(rf'<table id="{table}".*?<tbody>(.*?)</tbody>', page.decode(), re.S)[1]
    found = {}
    for row in re.findall(r"<tr>(.*?)</tr>", body, re.S):
        cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)
        cells = [html.unescape(re.sub(r"<[^>]*>", " ", re.sub(r"<small>.*?</small>|<svg.*?</svg>", "", cell, flags=re.S))).strip() for cell in cells]
        found[cells[0]] = cells[1:]
    return found


def test_every_number_on_the_pages_is_one_of_the_metrics(function):
    for _ in range(4):
        call(function)
    later(function)
    settled(function)
    path = f"/2023-03-30/functions/{function}"
    must("PUT", path, {"customContainerConfig": {"entrypoint": ["/there-is-none"]}})
    assert ask("POST", f"{path}/invocations", b"x")[0] == 412
    must("PUT", f"{path}/async-invoke-config", {"maxAsyncRetryAttempts": 0})
    later(function)
    settled(function)
    while must("GET", f"{path}/instances")["instances"]:
        # Those of the configuration before end by themselves.
        time.sleep(0.05)
    state, instances, calls, cold, failed = rows("/console/", "functions")[function][:5]
    found = families()
    total = value(found, "swiftlet_invocations_total", function=function)
    assert (state, calls, instances) == ("Active", str(int(total)), str(int(value(found, "swiftlet_instances", function=function))))
    bad = sum(
        sample.value for sample in found["swiftlet_invocations"].samples
        if sample.name.endswith("_total") and sample.labels["function"] == function and sample.labels["outcome"] != "success")
    assert (total, bad, failed) == (7, 2, "2")
    assert float(cold.removesuffix(" %")) == pytest.approx(100 * value(found, "swiftlet_cold_starts_total", function=function) / total, abs=0.05)
    queue = rows("/console/queue", "queues")[function]
    shown = dict(zip(["depth", "in_flight", "age", "done_total", "retries_total", "dead_letters"], queue))
    del shown["age"]
    assert {name: int(number) for name, number in shown.items()} == {
        name: value(found, f"swiftlet_queue_{name}", function=function) for name in shown}
    _, _, page = ask("GET", f"/console/functions/{function}")
    tiles = dict((words, number) for number, words in re.findall(r'<div class="tile"><b>(.*?)</b><span>(.*?)</span>', page.decode()))
    assert (tiles["calls in the last hour"], tiles["failed"], tiles["instances alive"]) == (calls, failed, instances)
    # An image that has two names is one.
    digests = re.findall(rb"<small>(sha256:\w+)</small>", ask("GET", "/console/images")[2])
    assert len(set(digests)) == value(found, "swiftlet_images")
    tiles = re.findall(r'<div class="tile"><b>(.*?)</b><span>functions</span>', ask("GET", "/console/")[2].decode())
    assert int(tiles[0]) == value(found, "swiftlet_functions")


def test_the_dashboard_asks_only_for_what_there_is(function):
    call(function)
    later(function, {"x-fc-async-delay": "3000"})
    ask("POST", "/2023-03-30/functions/there-is-none/invocations", b"")
    known = {sample.name for family in families().values() for sample in family.samples}
    # These come with the first failure of their kind.
    known |= {"swiftlet_instance_start_failures_total", "swiftlet_instance_exits_total"}
    expressions = [target["expr"] for panel in json.loads(DASHBOARD.read_text())["panels"] for target in panel.get("targets", [])]
    assert len(expressions) > 10
    for expression in expressions:
        for name in re.findall(r"\b(?:swiftlet|process)_\w+", expression):
            assert name in known, name
