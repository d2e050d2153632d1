# SPDX-License-Identifier: Apache-2.0
"""Reserved concurrency, instances that are kept, and functions that are switched off, through the official SDK."""
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
    for number in (-1, 271):
        refused(lambda: client.put_concurrency_config(name, reserve(number)), "InvalidArgument", 400, "reservedConcurrency", str(number), "270")
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


POLICY = {"name": "t", "metric_target": 0.6, "metric_type": "ProvisionedConcurrencyUtilization", "start_time": "2026-01-01T00:00:00Z",
          "end_time": "2099-02-01T00:00:00Z", "time_zone": "UTC"}
ACTION = {"name": "a", "schedule_expression": "cron(0 0 4 * * *)", "target": 2, "start_time": "2026-01-01T00:00:00Z",
          "end_time": "2099-02-01T00:00:00Z", "time_zone": "Asia/Shanghai"}


def provision(**fields):
    return m.PutProvisionConfigInput(
        default_target=0, always_allocate_cpu=True, scheduled_actions=[m.ScheduledAction(**ACTION)],
        target_tracking_policies=[m.TargetTrackingPolicy(min_capacity=0, max_capacity=3, **POLICY)], **fields)


def scaling(**fields):
    return m.PutScalingConfigInput(
        min_instances=0, enable_on_demand_scaling=True, enable_mix_mode=False, request_dispatch_policy="",
        horizontal_scaling_policies=[m.ScalingPolicy(min_instances=0, max_instances=3, **POLICY)],
        scheduled_policies=[m.ScheduledPolicy(**ACTION)], **fields)


def test_provision_config(client, name, images):
    client.create_function(minimal(name, images[0]))
    client.publish_function_version(name, m.PublishFunctionVersionRequest(body=m.PublishVersionInput()))
    client.create_alias(name, m.CreateAliasRequest(body=m.CreateAliasInput(alias_name="prod", version_id="1")))
    none = client.get_provision_config(name, m.GetProvisionConfigRequest(qualifier="prod")).body
    assert none.function_arn is None and (none.target, none.current, none.default_target) == (0, 0, 0)
    sent = provision()
    body = client.put_provision_config(name, m.PutProvisionConfigRequest(qualifier="prod", body=sent)).body
    assert body.function_arn == f"acs:fc:cn-local:1:functions/{name}/prod"
    read = client.get_provision_config(name, m.GetProvisionConfigRequest(qualifier="prod")).body
    for each in (body, read):
        got, want = each.to_map(), sent.to_map()
        assert {key: got[key] for key in want} == want
        assert each.current == 0 and each.target == 0 and each.current_error == ""
    listed = client.list_provision_configs(m.ListProvisionConfigsRequest(function_name=name, limit=5)).body
    assert [config.function_arn for config in listed.provision_configs] == [body.function_arn] and not listed.next_token
    assert client.delete_provision_config(name, m.DeleteProvisionConfigRequest(qualifier="prod")).status_code == 204
    assert client.list_provision_configs(m.ListProvisionConfigsRequest(function_name=name)).body.provision_configs == []
    # The older name of the field.
    old = client.put_provision_config(name, m.PutProvisionConfigRequest(body=m.PutProvisionConfigInput(target=0))).body
    assert old.default_target == 0 and old.function_arn.endswith("/LATEST")


def test_scaling_config(client, name, images):
    client.create_function(minimal(name, images[0]))
    none = client.get_scaling_config(name, m.GetScalingConfigRequest(qualifier="LATEST")).body
    assert none.function_arn is None and (none.target_instances, none.current_instances, none.min_instances) == (0, 0, 0)
    sent = scaling()
    body = client.put_scaling_config(name, m.PutScalingConfigRequest(qualifier="LATEST", body=sent)).body
    read = client.get_scaling_config(name, m.GetScalingConfigRequest(qualifier="LATEST")).body
    for each in (body, read):
        got, want = each.to_map(), sent.to_map()
        assert {key: got[key] for key in want} == want
        assert each.current_instances == 0 and each.target_instances == 0 and each.current_error == ""
    listed = client.list_scaling_configs(m.ListScalingConfigsRequest(function_name=name)).body
    assert [config.function_arn for config in listed.scaling_configs] == [f"acs:fc:cn-local:1:functions/{name}/LATEST"]
    assert client.delete_scaling_config(name, m.DeleteScalingConfigRequest(qualifier="LATEST")).status_code == 204
    assert client.list_scaling_configs(m.ListScalingConfigsRequest(function_name=name)).body.scaling_configs == []


def test_capacity_errors(client, name, images):
    client.create_function(minimal(name, images[0]))
    client.publish_function_version(name, m.PublishFunctionVersionRequest(body=m.PublishVersionInput()))
    put = lambda body, qualifier="LATEST", function=name: client.put_provision_config(
        function, m.PutProvisionConfigRequest(qualifier=qualifier, body=body))
    refused(lambda: put(provision(), "1"), "InvalidArgument", 400, "qualifier", "alias")
    refused(lambda: put(provision(), "none"), "AliasNotFound", 404, "none")
    refused(lambda: put(provision(), function="none-" + name), "FunctionNotFound", 404)
    for fields, words in (
        ({"default_target": 10001}, ("defaultTarget", "10000")),
        ({"scheduled_actions": [m.ScheduledAction(name="a", schedule_expression="at(noon)", target=1)]}, ("scheduledActions[0].scheduleExpression",)),
        ({"scheduled_actions": [m.ScheduledAction(**{**ACTION, "time_zone": "Mars/Base"})]}, ("Mars/Base",)),
        ({"target_tracking_policies": [m.TargetTrackingPolicy(**{**POLICY, "metric_type": "CPUUtilization"}, max_capacity=1)]}, ("metricType",)),
    ):
        refused(lambda: put(m.PutProvisionConfigInput(**fields)), "InvalidArgument", 400, *words)
    refused(lambda: client.put_scaling_config(name, m.PutScalingConfigRequest(
        qualifier="LATEST", body=m.PutScalingConfigInput(resident_pool_id="p"))), "InvalidArgument", 400, "residentPoolId")


def test_capacity_asyncio(client, name, images):
    client.create_function(minimal(name, images[0]))

    async def life():
        put = await client.put_provision_config_async(name, m.PutProvisionConfigRequest(qualifier="LATEST", body=provision()))
        assert put.body.scheduled_actions[0].target == 2
        assert (await client.get_provision_config_async(name, m.GetProvisionConfigRequest(qualifier="LATEST"))).body.default_target == 0
        listed = await client.list_provision_configs_async(m.ListProvisionConfigsRequest(function_name=name))
        assert len(listed.body.provision_configs) == 1
        assert (await client.delete_provision_config_async(name, m.DeleteProvisionConfigRequest(qualifier="LATEST"))).status_code == 204
        put = await client.put_scaling_config_async(name, m.PutScalingConfigRequest(qualifier="LATEST", body=scaling()))
        assert put.body.horizontal_scaling_policies[0].max_instances == 3
        assert (await client.get_scaling_config_async(name, m.GetScalingConfigRequest(qualifier="LATEST"))).body.min_instances == 0
        assert len((await client.list_scaling_configs_async(m.ListScalingConfigsRequest(function_name=name))).body.scaling_configs) == 1
        assert (await client.delete_scaling_config_async(name, m.DeleteScalingConfigRequest(qualifier="LATEST"))).status_code == 204

    asyncio.run(life())
