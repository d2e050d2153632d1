# SPDX-License-Identifier: Apache-2.0
"""HTTP and timer triggers through the official SDK, field by field."""
import asyncio
import json

import pytest
from alibabacloud_fc20230330 import models as m
from test_functions import REQUEST_ID, TIME, minimal, refused

ANONYMOUS = {"authType": "anonymous", "methods": ["GET", "POST"], "disableURLInternet": False}
CORS = {"allowOrigins": ["https://*.example.com"], "allowMethods": ["GET"], "allowHeaders": ["x-a"], "exposeHeaders": ["x-b"],
        "allowCredentials": True, "maxAge": 60}


def made(name, kind, config, **fields):
    return m.CreateTriggerRequest(body=m.CreateTriggerInput(
        trigger_name=name, trigger_type=kind, trigger_config=config if isinstance(config, str) else json.dumps(config), **fields))


@pytest.fixture()
def function(client, name, images):
    client.create_function(minimal(name, images[0]))
    yield name
    for trigger in client.list_triggers(name, m.ListTriggersRequest(limit=100)).body.triggers:
        client.delete_trigger(name, trigger.trigger_name)


def test_an_http_trigger_lives(client, function):
    config = {**ANONYMOUS, "corsConfig": CORS}
    sent = made("web", "http", config, qualifier="LATEST", description="d", invocation_role="acs:ram::1:role/r", source_arn="")
    answer = client.create_trigger(function, sent)
    assert answer.status_code == 200 and REQUEST_ID.fullmatch(answer.headers["x-fc-request-id"])
    read = client.get_trigger(function, "web").body
    assert read.to_map() == answer.body.to_map()
    assert (read.trigger_name, read.trigger_type, read.qualifier, read.description) == ("web", "http", "LATEST", "d")
    assert json.loads(read.trigger_config) == config
    assert read.invocation_role == "acs:ram::1:role/r" and read.status == "Active" and read.trigger_id
    assert read.target_arn == f"acs:fc:cn-local:1:functions/{function}/LATEST"
    assert read.http_trigger.url_internet.startswith(f"http://{function}.localhost:")
    assert read.http_trigger.url_intranet.endswith(f"/http/{function}")
    assert TIME.fullmatch(read.created_time) and TIME.fullmatch(read.last_modified_time)

    updated = client.update_trigger(function, "web", m.UpdateTriggerRequest(body=m.UpdateTriggerInput(
        trigger_config=json.dumps({**ANONYMOUS, "methods": ["GET"]})))).body
    assert json.loads(updated.trigger_config)["methods"] == ["GET"]
    assert (updated.description, updated.trigger_id) == ("d", read.trigger_id)

    refused(lambda: client.delete_function(function), "FunctionNotEmpty", 409, function, "web")
    assert client.delete_trigger(function, "web").status_code == 204
    refused(lambda: client.get_trigger(function, "web"), "TriggerNotFound", 404, "web", function)


def test_a_timer_trigger_lives(client, function):
    config = json.dumps({"cronExpression": "@every 1h", "enable": False, "payload": "hey"})
    body = client.create_trigger(function, made("t", "timer", config)).body
    assert body.trigger_config == config and body.qualifier == "LATEST" and body.http_trigger is None
    assert body.status == "Inactive"
    on = client.update_trigger(function, "t", m.UpdateTriggerRequest(body=m.UpdateTriggerInput(
        trigger_config=json.dumps({"cronExpression": "0 0 4 * * *", "enable": True})))).body
    assert on.status == "Active"


def test_a_trigger_of_an_alias(client, function):
    client.publish_function_version(function, m.PublishFunctionVersionRequest(body=m.PublishVersionInput()))
    client.create_alias(function, m.CreateAliasRequest(body=m.CreateAliasInput(alias_name="prod", version_id="1")))
    body = client.create_trigger(function, made("web", "http", ANONYMOUS, qualifier="prod")).body
    assert body.http_trigger.url_internet.startswith(f"http://prod.{function}.localhost:")
    assert body.http_trigger.url_intranet.endswith(f"/http/{function}@prod")
    client.create_trigger(function, made("one", "http", ANONYMOUS, qualifier="1"))
    for qualifier, code in (("9", "VersionNotFound"), ("none", "AliasNotFound")):
        refused(lambda: client.create_trigger(function, made("x", "http", ANONYMOUS, qualifier=qualifier)), code, 404, qualifier)
    refused(lambda: client.create_trigger(function, made("two", "http", ANONYMOUS, qualifier="prod")), "LimitExceededError", 400, "'web'")


def test_pages(client, function):
    for name in ("c", "a", "b"):
        client.create_trigger(function, made(name, "timer", {"cronExpression": "@every 1h", "enable": False}))
    found, token = [], None
    while True:
        page = client.list_triggers(function, m.ListTriggersRequest(limit=2, next_token=token)).body
        found += [trigger.trigger_name for trigger in page.triggers]
        token = page.next_token
        if not token:
            break
    assert found == ["a", "b", "c"]
    assert [t.trigger_name for t in client.list_triggers(function, m.ListTriggersRequest(prefix="b")).body.triggers] == ["b"]


def test_errors(client, function):
    client.create_trigger(function, made("web", "http", ANONYMOUS))
    refused(lambda: client.create_trigger(function, made("web", "http", ANONYMOUS)), "TriggerAlreadyExists", 409, "web")
    for kind, config, words in (
        ("oss", "{}", ("triggerType", "oss")), ("nothing", "{}", ("triggerType", "nothing")), ("http", "no json", ("triggerConfig",)),
        ("http", {"authType": "anonymous"}, ("triggerConfig.methods", "GET")),
        ("http", {"authType": "anonymous", "methods": ["FETCH"]}, ("triggerConfig.methods", "FETCH")),
        ("http", {"authType": "who", "methods": ["GET"]}, ("triggerConfig.authType", "who", "anonymous")),
        ("http", {**ANONYMOUS, "methds": []}, ("triggerConfig.methds",)),
        ("http", {**ANONYMOUS, "corsConfig": {"allowOrigins": []}}, ("triggerConfig.corsConfig.allowOrigins",)),
        ("http", {**ANONYMOUS, "disableURLInternet": "no"}, ("triggerConfig.disableURLInternet", "true or false")),
        ("timer", {"enable": True}, ("triggerConfig.cronExpression",)),
        ("timer", {"cronExpression": "0 0 30 2 *"}, ("triggerConfig.cronExpression", "6")),
        ("timer", {"cronExpression": "@every 1x"}, ("triggerConfig.cronExpression", "1x")),
        ("timer", {"cronExpression": "@every 1h", "payload": "x" * 140_000}, ("triggerConfig.payload", "131072")),
    ):
        refused(lambda: client.create_trigger(function, made("bad", kind, config)), "InvalidArgument", 400, *words)
    refused(lambda: client.create_trigger(function, made("1x", "http", ANONYMOUS)), "InvalidArgument", 400, "triggerName", "1x", "128")
    missing = "none-" + function
    for call in (
        lambda: client.create_trigger(missing, made("x", "http", ANONYMOUS)), lambda: client.get_trigger(missing, "x"),
        lambda: client.list_triggers(missing, m.ListTriggersRequest()), lambda: client.delete_trigger(missing, "x"),
    ):
        refused(call, "FunctionNotFound", 404, missing)
    for call in (
        lambda: client.delete_trigger(function, "x"),
        lambda: client.update_trigger(function, "x", m.UpdateTriggerRequest(body=m.UpdateTriggerInput(description="d"))),
    ):
        refused(call, "TriggerNotFound", 404, "'x'")


def test_asyncio(client, function):
    async def life():
        body = (await client.create_trigger_async(function, made("web", "http", ANONYMOUS))).body
        assert json.loads(body.trigger_config) == ANONYMOUS
        assert (await client.get_trigger_async(function, "web")).body.to_map() == body.to_map()
        listed = (await client.list_triggers_async(function, m.ListTriggersRequest())).body
        assert [trigger.to_map() for trigger in listed.triggers] == [body.to_map()]
        changed = await client.update_trigger_async(
            function, "web", m.UpdateTriggerRequest(body=m.UpdateTriggerInput(description="new")))
        assert changed.body.description == "new"
        assert (await client.delete_trigger_async(function, "web")).status_code == 204

    asyncio.run(life())
