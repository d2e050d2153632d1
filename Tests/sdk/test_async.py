# SPDX-License-Identifier: Apache-2.0
"""Asynchronous invocations through the official SDK, field by field; with a whole host, what becomes of them too."""
import asyncio
import json
import os
import time

import pytest
from alibabacloud_fc20230330 import models as m

from test_functions import TIME, minimal, refused

whole_host = pytest.mark.skipif(
    not os.environ.get("SWIFTLET_HOST"), reason="the fixture has no instances; scripts/test gives a whole host")


def destinations(success=None, failure=None):
    return m.DestinationConfig(
        on_success=m.Destination(destination=success) if success else None,
        on_failure=m.Destination(destination=failure) if failure else None)


def put(client, name, qualifier=None, **fields):
    return client.put_async_invoke_config(
        name, m.PutAsyncInvokeConfigRequest(qualifier=qualifier, body=m.PutAsyncInvokeConfigInput(**fields)))


def send(client, name, body=b"x", **headers):
    from darabonba.runtime import RuntimeOptions
    return client.invoke_function_with_options(
        name, m.InvokeFunctionRequest(body=body), m.InvokeFunctionHeaders(x_fc_invocation_type="Async", **headers), RuntimeOptions())


def until(what, holds):
    limit = time.monotonic() + 30
    while not (value := holds()):
        assert time.monotonic() < limit, f"within 30 s it did not happen that {what}"
        time.sleep(0.05)
    return value


def ended(client, name, task, status):
    def task_ended():
        body = client.get_async_task(name, task, m.GetAsyncTaskRequest()).body
        return body if body.status == status else None
    return until(f"task {task} is {status}", task_ended)


def test_every_field_of_a_config_comes_back(client, name, images):
    made = client.create_function(minimal(name, images[0])).body
    put_answer = put(client, name, async_task=True, max_async_event_age_in_seconds=3600, max_async_retry_attempts=5,
                     destination_config=destinations(made.function_arn, "http://127.0.0.1:1/failed"))
    assert put_answer.status_code == 200
    for body in (put_answer.body, client.get_async_invoke_config(name, m.GetAsyncInvokeConfigRequest()).body):
        assert (body.async_task, body.max_async_event_age_in_seconds, body.max_async_retry_attempts) == (True, 3600, 5)
        assert body.destination_config.on_success.destination == made.function_arn
        assert body.destination_config.on_failure.destination == "http://127.0.0.1:1/failed"
        assert body.function_arn == made.function_arn + "/LATEST"
        assert TIME.fullmatch(body.created_time) and TIME.fullmatch(body.last_modified_time)


def test_a_put_replaces_the_whole_and_a_delete_goes_back_to_the_defaults(client, name, images):
    client.create_function(minimal(name, images[0]))
    put(client, name, max_async_retry_attempts=0)
    body = put(client, name, async_task=True).body
    assert (body.max_async_retry_attempts, body.max_async_event_age_in_seconds) == (3, 86400)
    assert client.delete_async_invoke_config(name, m.DeleteAsyncInvokeConfigRequest()).status_code == 204
    refused(lambda: client.get_async_invoke_config(name, m.GetAsyncInvokeConfigRequest()), "AsyncConfigNotExists", 404, name)
    refused(lambda: client.delete_async_invoke_config(name, m.DeleteAsyncInvokeConfigRequest()), "AsyncConfigNotExists", 404, name)


def test_configs_are_listed_by_function_and_in_pages(client, name, images):
    client.create_function(minimal(name, images[0]))
    client.publish_function_version(name, m.PublishFunctionVersionRequest(body=m.PublishVersionInput(description="one")))
    put(client, name, qualifier="1", max_async_retry_attempts=1)
    put(client, name, max_async_retry_attempts=2)
    page = client.list_async_invoke_configs(m.ListAsyncInvokeConfigsRequest(function_name=name, limit=1)).body
    rest = client.list_async_invoke_configs(
        m.ListAsyncInvokeConfigsRequest(function_name=name, limit=1, next_token=page.next_token)).body
    assert [config.max_async_retry_attempts for config in page.configs + rest.configs] == [1, 2] and not rest.next_token


def test_refusals_name_the_field_and_its_bounds(client, name, images):
    client.create_function(minimal(name, images[0]))
    refused(lambda: put(client, name, max_async_retry_attempts=9), "InvalidArgument", 400, "maxAsyncRetryAttempts", "9", "0 to 8")
    refused(lambda: put(client, name, max_async_event_age_in_seconds=0), "InvalidArgument", 400, "1 to 604800")
    refused(lambda: put(client, name, destination_config=destinations("acs:mns:cn-local:1:/queues/q/messages")), "InvalidArgument", 400,
            "destinationConfig.onSuccess.destination", "http")
    refused(lambda: put(client, name, destination_config=destinations("acs:fc:cn-local:1:functions/nobody")), "FunctionNotFound", 404, "nobody")
    refused(lambda: put(client, name, qualifier="7"), "VersionNotFound", 404, "7")
    refused(lambda: put(client, "nobody"), "FunctionNotFound", 404, "nobody")
    refused(lambda: client.get_async_task(name, "none", m.GetAsyncTaskRequest()), "StatefulAsyncInvocationNotFound", 404, "none")
    refused(lambda: client.stop_async_task(name, "none", m.StopAsyncTaskRequest()), "StatefulAsyncInvocationNotFound", 404, "none")
    refused(lambda: client.list_async_tasks(name, m.ListAsyncTasksRequest(status="Asleep")), "InvalidArgument", 400, "Asleep", "Retrying")


def test_asyncio(client, name, images):
    async def go():
        await client.create_function_async(minimal(name, images[0]))
        await client.put_async_invoke_config_async(
            name, m.PutAsyncInvokeConfigRequest(body=m.PutAsyncInvokeConfigInput(async_task=True)))
        tasks = (await client.list_async_tasks_async(name, m.ListAsyncTasksRequest())).body.tasks
        return (await client.get_async_invoke_config_async(name, m.GetAsyncInvokeConfigRequest())).body, tasks
    config, tasks = asyncio.run(go())
    assert config.async_task is True and tasks == []


@whole_host
def test_a_task_from_acceptance_to_its_end(client, name, images):
    made = client.create_function(minimal(name, images[0])).body
    put(client, name, async_task=True)
    answer = send(client, name, b'{"k":1}', x_fc_async_task_id="task-1")
    assert answer.status_code == 202 and answer.body.read() == b""
    assert answer.headers["x-fc-async-task-id"] == "task-1" and answer.headers["x-fc-request-id"]
    body = ended(client, name, "task-1", "Succeeded")
    assert (body.task_id, body.function_arn, body.qualifier, body.already_retried_times) == ("task-1", made.function_arn, "LATEST", 0)
    assert body.request_id == answer.headers["x-fc-request-id"] and body.instance_id.startswith("c-")
    assert body.task_payload == '{"k":1}' and '{"k":1}' in body.return_payload and not body.task_error_message
    assert body.end_time >= body.started_time > 1_700_000_000_000 and body.duration_ms == body.end_time - body.started_time
    assert [event.status for event in body.events] == ["Enqueued", "Dequeued", "Running", "Succeeded"]
    assert [event.event_id for event in body.events] == [1, 2, 3, 4] and all(event.timestamp for event in body.events)
    refused(lambda: send(client, name, x_fc_async_task_id="task-1"), "StatefulAsyncInvocationAlreadyExists", 409, "task-1")
    refused(lambda: client.stop_async_task(name, "task-1", m.StopAsyncTaskRequest()), "PreconditionFailed", 412, "Succeeded")


@whole_host
def test_a_delay_lies_between_a_second_and_an_hour(client, name, images):
    client.create_function(minimal(name, images[0]))
    for seconds in ("0", "3601", "-1", "1.5", "soon"):
        refused(lambda: send(client, name, common_headers={"x-fc-async-delay": seconds}), "InvalidArgument", 400, "x-fc-async-delay", seconds, "from 1 to 3600")
    for seconds in ("1", "3600"):
        send(client, name, x_fc_async_task_id=f"t{seconds}", common_headers={"x-fc-async-delay": seconds})
    ended(client, name, "t1", "Succeeded")
    client.stop_async_task(name, "t3600", m.StopAsyncTaskRequest())
    ended(client, name, "t3600", "Stopped")


@whole_host
def test_tasks_are_listed_filtered_and_stopped(client, name, images):
    client.create_function(minimal(name, images[0]))
    put(client, name, async_task=True)
    for number in range(3):
        send(client, name, x_fc_async_task_id=f"a{number}")
        ended(client, name, f"a{number}", "Succeeded")
    client_headers = m.InvokeFunctionHeaders(x_fc_invocation_type="Async", x_fc_async_task_id="late")
    client_headers.common_headers = {"x-fc-async-delay": "3000"}
    from darabonba.runtime import RuntimeOptions
    client.invoke_function_with_options(name, m.InvokeFunctionRequest(body=b"y"), client_headers, RuntimeOptions())
    listed = client.list_async_tasks(name, m.ListAsyncTasksRequest(limit=2)).body
    rest = client.list_async_tasks(name, m.ListAsyncTasksRequest(limit=2, next_token=listed.next_token)).body
    assert [task.task_id for task in listed.tasks + rest.tasks] == ["late", "a2", "a1", "a0"] and not rest.next_token
    assert all(task.task_payload is None for task in listed.tasks)
    only = client.list_async_tasks(name, m.ListAsyncTasksRequest(status="Enqueued", include_payload=True)).body.tasks
    assert [(task.task_id, task.task_payload) for task in only] == [("late", "y")]
    up = client.list_async_tasks(name, m.ListAsyncTasksRequest(prefix="a", sort_order_by_time="asc")).body.tasks
    assert [task.task_id for task in up] == ["a0", "a1", "a2"]
    assert client.stop_async_task(name, "late", m.StopAsyncTaskRequest()).status_code == 204
    stopped = ended(client, name, "late", "Stopped")
    assert stopped.task_error_message and [event.status for event in stopped.events] == ["Enqueued", "Stopped"]


@whole_host
def test_asyncio_calls_become_tasks(client, name, images):
    async def go():
        await client.create_function_async(minimal(name, images[0]))
        from darabonba.runtime import RuntimeOptions
        answer = await client.invoke_function_with_options_async(
            name, m.InvokeFunctionRequest(body=b"a"),
            m.InvokeFunctionHeaders(x_fc_invocation_type="Async", x_fc_async_task_id="from-asyncio"), RuntimeOptions())
        return answer.status_code, answer.headers["x-fc-async-task-id"]
    assert asyncio.run(go()) == (202, "from-asyncio")
    ended(client, name, "from-asyncio", "Succeeded")


@whole_host
def test_a_destination_gets_the_documented_record(client, name, images):
    client.create_function(minimal(name, images[0]))
    put(client, name, async_task=True, destination_config=destinations(f"acs:fc:cn-local:1:functions/{name}/LATEST"))
    send(client, name, b"first", x_fc_async_task_id="first")
    assert ended(client, name, "first", "Succeeded").destination_status == "Succeeded"

    def told():
        tasks = client.list_async_tasks(name, m.ListAsyncTasksRequest(include_payload=True, sort_order_by_time="asc")).body.tasks
        return tasks[1] if len(tasks) > 1 else None
    record = json.loads(until("the destination is invoked", told).task_payload)
    context = record["requestContext"]
    assert record["requestPayload"] == "first" and "first" in record["responsePayload"] and record["timestamp"] > 1_700_000_000_000
    assert context["functionArn"].endswith(f"functions/{name}") and context["requestId"] and context["approximateInvokeCount"] == 1
    assert context["condition"] == "" and record["responseContext"] == {"statusCode": 200, "functionError": ""}


@whole_host
def test_a_timer_enqueues_an_invocation_a_tick(client, name, images):
    client.create_function(minimal(name, images[0]))
    put(client, name, async_task=True)
    client.create_trigger(name, m.CreateTriggerRequest(body=m.CreateTriggerInput(
        trigger_name="every-second", trigger_type="timer",
        trigger_config=json.dumps({"cronExpression": "@every 1s", "enable": True, "payload": "tick"}))))
    tasks = until("two ticks have run", lambda: [] if len(found := client.list_async_tasks(
        name, m.ListAsyncTasksRequest(include_payload=True, status="Succeeded")).body.tasks) < 2 else found)
    client.delete_trigger(name, "every-second")
    events = [json.loads(task.task_payload) for task in tasks]
    assert all(event["payload"] == "tick" and event["triggerName"] == "every-second" for event in events)
    times = [event["triggerTime"] for event in events]
    assert all(TIME.fullmatch(text) for text in times) and len(set(times)) == len(times)
