# SPDX-License-Identifier: Apache-2.0
"""Reserved concurrency, and functions that are switched off, through the official SDK."""
import asyncio

from alibabacloud_fc20230330 import models as m
from test_functions import TIME, minimal, refused


def reserve(number):
    return m.PutConcurrencyConfigRequest(body=m.PutConcurrencyInput(reserved_concurrency=number))


def test_concurrency(client, name, images):
    client.create_function(minimal(name, images[0]))
    arn = f"acs:fc:cn-local:1:functions/{name}"
    refused(lambda: client.get_concurrency_config(name), "OnDemandConfigNotFound", 404, name)
    for number in (10, 0, 7):
        body = client.put_concurrency_config(name, reserve(number)).body
        assert (body.function_arn, body.reserved_concurrency) == (arn, number)
        assert client.get_concurrency_config(name).body.to_map() == body.to_map()
    listed = client.list_concurrency_configs(m.ListConcurrencyConfigsRequest(function_name=name)).body
    assert [config.to_map() for config in listed.configs] == [{"functionArn": arn, "reservedConcurrency": 7}] and not listed.next_token
    assert client.delete_concurrency_config(name).status_code == 204
    refused(lambda: client.delete_concurrency_config(name), "OnDemandConfigNotFound", 404)
    assert client.list_concurrency_configs(m.ListConcurrencyConfigsRequest(function_name=name)).body.configs == []


def test_concurrency_pages(client, name, images):
    names = [f"{name}-{index}" for index in range(3)]
    try:
        for each in names:
            client.create_function(minimal(each, images[0]))
            client.put_concurrency_config(each, reserve(1))
        found, token = [], None
        while True:
            page = client.list_concurrency_configs(m.ListConcurrencyConfigsRequest(limit=2, next_token=token)).body
            found += [config.function_arn.rsplit("/", 1)[1] for config in page.configs]
            token = page.next_token
            if not token:
                break
        assert [each for each in found if each in names] == names
    finally:
        for each in names:
            client.delete_function(each)


def test_concurrency_errors(client, name, images):
    client.create_function(minimal(name, images[0]))
    for number in (-1, 10001):
        refused(lambda: client.put_concurrency_config(name, reserve(number)), "InvalidArgument", 400, "reservedConcurrency", str(number), "10000")
    refused(lambda: client.put_concurrency_config(name, reserve(None)), "InvalidArgument", 400, "reservedConcurrency")
    missing = "none-" + name
    for call in (
        lambda: client.put_concurrency_config(missing, reserve(1)), lambda: client.get_concurrency_config(missing),
        lambda: client.delete_concurrency_config(missing),
        lambda: client.list_concurrency_configs(m.ListConcurrencyConfigsRequest(function_name=missing)),
    ):
        refused(call, "FunctionNotFound", 404, missing)


def disabling(**fields):
    return m.DisableFunctionInvocationRequest(**fields)


def test_a_function_is_switched_off_and_on(client, name, images):
    client.create_function(minimal(name, images[0]))
    assert client.get_function(name, m.GetFunctionRequest()).body.invocation_restriction is None
    assert client.disable_function_invocation(name, disabling(reason="holiday", abort_ongoing_request=True)).body.success is True
    restriction = client.get_function(name, m.GetFunctionRequest()).body.invocation_restriction
    assert restriction.disable is True and restriction.reason == "holiday" and TIME.fullmatch(restriction.last_modified_time)
    for _ in range(2):
        assert client.enable_function_invocation(name).body.success is True
    assert client.get_function(name, m.GetFunctionRequest()).body.invocation_restriction is None
    missing = "none-" + name
    refused(lambda: client.disable_function_invocation(missing, disabling()), "FunctionNotFound", 404)
    refused(lambda: client.enable_function_invocation(missing), "FunctionNotFound", 404)


def test_asyncio(client, name, images):
    client.create_function(minimal(name, images[0]))

    async def life():
        assert (await client.put_concurrency_config_async(name, reserve(3))).body.reserved_concurrency == 3
        assert (await client.get_concurrency_config_async(name)).body.reserved_concurrency == 3
        listed = await client.list_concurrency_configs_async(m.ListConcurrencyConfigsRequest(function_name=name))
        assert [config.reserved_concurrency for config in listed.body.configs] == [3]
        assert (await client.delete_concurrency_config_async(name)).status_code == 204
        assert (await client.disable_function_invocation_async(name, disabling(reason="r"))).body.success is True
        assert (await client.enable_function_invocation_async(name)).body.success is True

    asyncio.run(life())
