# SPDX-License-Identifier: Apache-2.0
"""The same bounds, of what hangs on a function: versions, aliases, capacity, triggers, what becomes of asynchronous calls."""
import json

from alibabacloud_fc20230330 import models as m
from test_functions import minimal, refused

LETTERS = "a" * 64


def test_versions_and_aliases(client, name, images):
    client.create_function(minimal(name, images[0]))
    publish = lambda text: client.publish_function_version(name, m.PublishFunctionVersionRequest(body=m.PublishVersionInput(description=text)))
    refused(lambda: publish("x" * 1025), "InvalidArgument", 400, "description", "1024")
    publish("x" * 1024)
    client.update_function(name, m.UpdateFunctionRequest(body=m.UpdateFunctionInput(timeout=7)))
    publish(None)
    make = lambda alias, version="1", **fields: client.create_alias(
        name, m.CreateAliasRequest(body=m.CreateAliasInput(alias_name=alias, version_id=version, **fields)))
    for good in ("a", "_", LETTERS):
        make(good)
    for weight in (0, 1, 0.000001):
        make("w", additional_version_weight={"2": weight})
        client.delete_alias(name, "w")
    for alias, version, fields, words in (
        ("", "1", {}, ("aliasName", "1 to 64")), ("1a", "1", {}, ("aliasName", "1a")), (LETTERS + "a", "1", {}, ("aliasName", "1 to 64")),
        ("LATEST", "1", {}, ("aliasName", "LATEST")), (None, "1", {}, ("aliasName", "required")), ("b", None, {}, ("versionId", "required")),
        ("b", "", {}, ("versionId",)), ("b", "x", {}, ("versionId", "x")), ("b", "1", {"description": "x" * 1025}, ("description", "1024")),
        ("b", "1", {"additional_version_weight": {"2": -0.1}}, ("additionalVersionWeight", "-0.1", "0 to 1")),
        ("b", "1", {"additional_version_weight": {"2": 1.1}}, ("additionalVersionWeight", "1.1", "0 to 1")),
        ("b", "1", {"additional_version_weight": {"2": "x"}}, ("additionalVersionWeight", "x", "0 to 1")),
        ("b", "1", {"additional_version_weight": {"2": 0.1, "3": 0.1}}, ("additionalVersionWeight", "one version")),
    ):
        refused(lambda: make(alias, version, **fields), "InvalidArgument", 400, *words)


def test_capacity(client, name, images):
    client.create_function(minimal(name, images[0]))
    put = lambda **fields: client.put_provision_config(name, m.PutProvisionConfigRequest(qualifier="LATEST", body=m.PutProvisionConfigInput(**fields)))
    action = dict(name="a", schedule_expression="cron(0 0 8 * * *)", target=0)
    policy = dict(name="p", metric_type="ProvisionedConcurrencyUtilization", metric_target=0.5, min_capacity=0, max_capacity=0)
    for field, words in (
        ({"default_target": -1}, ("defaultTarget", "-1", "0 to 10000")), ({"default_target": 10001}, ("defaultTarget", "10001", "0 to 10000")),
        ({"target": -1}, ("target", "-1", "0 to 10000")), ({"always_allocate_cpu": "x"}, ("alwaysAllocateCPU", "x", "true or false")),
    ):
        refused(lambda: put(**field), "InvalidArgument", 400, *words)
    for change, words in (
        ({"name": None}, ("name", "required")), ({"schedule_expression": None}, ("scheduleExpression", "required")), ({"target": None}, ("target", "required")),
        ({"target": 10001}, ("target", "10001", "0 to 10000")), ({"schedule_expression": "cron(0 0 8 * *)"}, ("scheduleExpression", "6")),
        ({"schedule_expression": "at(2026-02-30T00:00:00)"}, ("scheduleExpression", "2026-02-30")), ({"time_zone": "Mars/Base"}, ("Mars/Base",)),
        ({"start_time": "soon"}, ("startTime", "soon")), ({"start_time": "2026-01-02T00:00:00Z", "end_time": "2026-01-01T00:00:00Z"}, ("endTime", "2026-01-01", "startTime")),
    ):
        refused(lambda: put(scheduled_actions=[m.ScheduledAction(**{**action, **change})]), "InvalidArgument", 400, "scheduledActions[0]", *words)
    for change, words in (
        ({"metric_target": 0}, ("metricTarget", "0", "up to 1")), ({"metric_target": 1.01}, ("metricTarget", "1.01", "up to 1")),
        ({"metric_type": None}, ("metricType",)), ({"max_capacity": 10001}, ("maxCapacity", "10001", "0 to 10000")),
        ({"min_capacity": 2, "max_capacity": 1}, ("maxCapacity", "1", "at least 2")), ({"max_capacity": None}, ("maxCapacity", "required")),
        ({"min_capacity": -1}, ("minCapacity", "-1", "0 to 10000")), ({"min_capacity": None}, ("minCapacity", "required")),
    ):
        refused(lambda: put(target_tracking_policies=[m.TargetTrackingPolicy(**{**policy, **change})]), "InvalidArgument", 400, "targetTrackingPolicies[0]", *words)
    refused(lambda: put(scheduled_actions=[m.ScheduledAction(**action)] * 2), "InvalidArgument", 400, "scheduledActions[1].name", "own")
    put(scheduled_actions=[m.ScheduledAction(**action)], target_tracking_policies=[m.TargetTrackingPolicy(**{**policy, "metric_target": 1})])


def test_reserved_concurrency_of_all_functions_together(client, name, images):
    """At most 90 % of the instances of the host, whose limit is 300 unless said."""
    names = [name + end for end in ("-a", "-b")]
    reserve = lambda function, number: client.put_concurrency_config(
        function, m.PutConcurrencyConfigRequest(body=m.PutConcurrencyInput(reserved_concurrency=number)))
    try:
        for each in names:
            client.create_function(minimal(each, images[0]))
        refused(lambda: reserve(names[0], -1), "InvalidArgument", 400, "reservedConcurrency", "-1", "0 to 270")
        refused(lambda: reserve(names[0], 271), "InvalidArgument", 400, "reservedConcurrency", "271", "0 to 270")
        reserve(names[0], 270)
        refused(lambda: reserve(names[1], 1), "InvalidArgument", 400, "reservedConcurrency", "1", "270", "90 %")
        reserve(names[1], 0)
        reserve(names[0], 200)
        reserve(names[1], 70)
    finally:
        for each in names:
            client.delete_function(each)


def test_triggers(client, name, images):
    client.create_function(minimal(name, images[0]))
    make = lambda trigger, kind, config, **fields: client.create_trigger(name, m.CreateTriggerRequest(body=m.CreateTriggerInput(
        trigger_name=trigger, trigger_type=kind, trigger_config=config if isinstance(config, str) or config is None else json.dumps(config), **fields)))
    timer = {"cronExpression": "@every 1h", "enable": False}
    try:
        # A timer's event is as large as any asynchronous one.
        make("a" * 128, "timer", {**timer, "payload": "x" * (128 << 10)})
        client.delete_trigger(name, "a" * 128)
        for trigger, kind, config, fields, words in (
            ("a" * 129, "timer", timer, {}, ("triggerName", "1 to 128")), ("", "timer", timer, {}, ("triggerName", "1 to 128")), (None, "timer", timer, {}, ("triggerName", "required")),
            ("t", None, timer, {}, ("triggerType", "required")), ("t", "timer", None, {}, ("triggerConfig", "required")),
            ("t", "timer", {**timer, "payload": "x" * ((128 << 10) + 1)}, {}, ("triggerConfig.payload", "131072")),
            ("t", "timer", {**timer, "cronExpression": "CRON_TZ=Mars/Base 0 0 4 * * *"}, {}, ("cronExpression", "Mars/Base")),
            ("t", "timer", {**timer, "cronExpression": "0 4 * * *"}, {}, ("cronExpression", "6")), ("t", "timer", {**timer, "enable": "no"}, {}, ("enable", "no", "true or false")),
            ("t", "timer", timer, {"description": "x" * 1025}, ("description", "1024")), ("t", "timer", [], {}, ("triggerConfig", "object")),
        ):
            refused(lambda: make(trigger, kind, config, **fields), "InvalidArgument", 400, *words)
        for number in range(50):
            make(f"t{number}", "timer", timer)
        refused(lambda: make("t50", "timer", timer), "LimitExceededError", 400, "50")
    finally:
        while found := client.list_triggers(name, m.ListTriggersRequest(limit=100)).body.triggers:
            for trigger in found:
                client.delete_trigger(name, trigger.trigger_name)


def test_async_configs(client, name, images):
    client.create_function(minimal(name, images[0]))
    put = lambda **fields: client.put_async_invoke_config(name, m.PutAsyncInvokeConfigRequest(body=m.PutAsyncInvokeConfigInput(**fields)))
    for good in ({"max_async_event_age_in_seconds": 1}, {"max_async_event_age_in_seconds": 604800}, {"max_async_retry_attempts": 0}, {"max_async_retry_attempts": 8}):
        assert put(**good).status_code == 200
    for fields, words in (
        ({"max_async_event_age_in_seconds": 0}, ("maxAsyncEventAgeInSeconds", "0", "1 to 604800")),
        ({"max_async_event_age_in_seconds": 604801}, ("maxAsyncEventAgeInSeconds", "604801", "1 to 604800")),
        ({"max_async_retry_attempts": -1}, ("maxAsyncRetryAttempts", "-1", "0 to 8")), ({"max_async_retry_attempts": 9}, ("maxAsyncRetryAttempts", "9", "0 to 8")),
        ({"async_task": "x"}, ("asyncTask", "x", "true or false")),
    ):
        refused(lambda: put(**fields), "InvalidArgument", 400, *words)
