# SPDX-License-Identifier: Apache-2.0
"""Every number of /metrics, read by Prometheus' own client."""
import json
import pathlib
import re

from conftest import ask, call, must
from prometheus_client.parser import text_string_to_metric_families

DASHBOARD = pathlib.Path(__file__).resolve().parents[2] / "docs/grafana-dashboard.json"


def families():
    status, headers, text = ask("GET", "/metrics")
    assert status == 200 and headers["content-type"].startswith("text/plain; version=0.0.4")
    return {family.name: family for family in text_string_to_metric_families(text.decode())}


def value(families, name, **labels):
    family = families[re.sub("_(total|bucket|sum|count)$", "", name)] if name not in families else families[name]
    return sum(s.value for s in family.samples if s.name == name and labels.items() <= s.labels.items())


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


def test_the_console_and_the_metrics_tell_the_same_numbers(function):
    for _ in range(5):
        call(function)
    steps = must("GET", f"/swiftlet/v1/functions/{function}/history")["steps"]
    found = families()
    assert sum(step["invocations"] for step in steps) == value(found, "swiftlet_invocations_total", function=function) == 5
    assert sum(step["coldStarts"] for step in steps) == value(found, "swiftlet_cold_starts_total", function=function) == 1


def test_the_dashboard_asks_only_for_what_there_is(function):
    call(function)
    ask("POST", "/2023-03-30/functions/there-is-none/invocations", b"")
    known = {sample.name for family in families().values() for sample in family.samples}
    # These come with the first failure of their kind.
    known |= {"swiftlet_instance_start_failures_total", "swiftlet_instance_exits_total"}
    expressions = [target["expr"] for panel in json.loads(DASHBOARD.read_text())["panels"] for target in panel.get("targets", [])]
    assert len(expressions) > 10
    for expression in expressions:
        for name in re.findall(r"\b(?:swiftlet|process)_\w+", expression):
            assert name in known, name
