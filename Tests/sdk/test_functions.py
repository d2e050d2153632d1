# SPDX-License-Identifier: Apache-2.0
"""Functions, versions and instances through the official SDK, field by field."""
import asyncio
import re

import pytest
from alibabacloud_fc20230330 import models as m
from alibabacloud_fc20230330.client import Client
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.utils_models import Config

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
REQUEST_ID = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{12}")


def minimal(name, image, **fields):
    return m.CreateFunctionRequest(body=m.CreateFunctionInput(
        function_name=name, runtime="custom-container", handler="index.handler",
        custom_container_config=m.CustomContainerConfig(image=image), **fields))


def full(name, image):
    return m.CreateFunctionInput(
        function_name=name, runtime="custom-container", handler="index.handler", description="demo ü 😀", cpu=0.5, memory_size=1024, disk_size=512,
        timeout=61, instance_concurrency=10, idle_timeout=60, environment_variables={"A": "1", "LONG_NAME_2": "ü = x"},
        custom_container_config=m.CustomContainerConfig(
            image=image, port=9001, entrypoint=["/app/server"], command=["--port", "9001"], acceleration_type="Default",
            health_check_config=m.CustomHealthCheckConfig(
                http_get_url="/ready", initial_delay_seconds=1, period_seconds=4, timeout_seconds=2, failure_threshold=5, success_threshold=2),
            registry_config=m.RegistryConfig(
                auth_config=m.RegistryAuthConfig(user_name="u", password="secret-word"), cert_config=m.RegistryCertConfig(insecure=True))),
        log_config=m.LogConfig(project="p", logstore="s", log_begin_rule="None", enable_request_metrics=True, enable_instance_metrics=True),
        instance_lifecycle_config=m.InstanceLifecycleConfig(
            initializer=m.LifecycleHook(handler="index.init", timeout=10), pre_stop=m.LifecycleHook(handler="index.stop", timeout=5)),
        internet_access=True, role="acs:ram::1:role/r", disable_inject_credentials="None",
        tags=[m.Tag(key="k", value="v")])


def refused(call, code, status, *words):
    with pytest.raises(ClientException) as info:
        call()
    error = info.value
    assert error.code == code, error
    assert error.status_code == status
    assert REQUEST_ID.fullmatch(error.request_id), error.request_id
    for word in words:
        assert word in error.message, error.message


def test_every_field_comes_back(client, name, images):
    sent = full(name, images[0])
    answer = client.create_function(m.CreateFunctionRequest(body=sent))
    assert answer.status_code == 200
    assert REQUEST_ID.fullmatch(answer.headers["x-fc-request-id"])
    read = client.get_function(name, m.GetFunctionRequest())
    for body in (answer.body, read.body):
        assert body is not None
        got, want = body.to_map(), sent.to_map()
        del want["customContainerConfig"]["registryConfig"]["authConfig"]["password"]
        container = got.pop("customContainerConfig")
        resolved = container.pop("resolvedImageUri")
        assert re.fullmatch(re.escape(images[0].rsplit(":", 1)[0]) + r"@sha256:[0-9a-f]{64}", resolved)
        assert container == want.pop("customContainerConfig")
        assert {key: got[key] for key in want} == want
        assert body.function_arn == f"acs:fc:cn-local:1:functions/{name}"
        assert TIME.fullmatch(body.created_time) and TIME.fullmatch(body.last_modified_time)
        assert body.function_id and body.code_size == 0 and body.code_checksum
        assert body.state == "Active" and body.last_update_status == "Successful"
        assert body.layers == []
        assert "secret-word" not in str(got)


def test_defaults(client, name, images):
    body = client.create_function(minimal(name, images[0])).body
    assert (body.cpu, body.memory_size, body.disk_size, body.timeout) == (0.35, 512, 512, 60)
    assert (body.instance_concurrency, body.idle_timeout, body.description) == (1, 300, "")
    assert body.custom_container_config.port == 9000 and body.environment_variables == {}
    assert body.custom_container_config.entrypoint is None and body.custom_container_config.health_check_config is None


def test_update_is_partial(client, name, images):
    client.create_function(m.CreateFunctionRequest(body=full(name, images[0])))
    before = client.get_function(name, m.GetFunctionRequest()).body.to_map()
    client.update_function(name, m.UpdateFunctionRequest(body=m.UpdateFunctionInput(timeout=30)))
    after = client.get_function(name, m.GetFunctionRequest()).body.to_map()
    assert after.pop("timeout") == 30 and before.pop("timeout") == 61
    before.pop("lastModifiedTime"), after.pop("lastModifiedTime")
    assert after == before

    body = client.update_function(name, m.UpdateFunctionRequest(body=m.UpdateFunctionInput(
        description="", environment_variables={}, custom_container_config=m.CustomContainerConfig(entrypoint=[], image=images[1])))).body
    assert body.description == "" and body.environment_variables == {}
    assert body.custom_container_config.entrypoint is None
    assert body.custom_container_config.command == ["--port", "9001"] and body.custom_container_config.port == 9001
    assert body.custom_container_config.image == images[1]
    assert body.custom_container_config.resolved_image_uri != before["customContainerConfig"]["resolvedImageUri"]


def test_list_in_pages(client, name, images):
    names = [f"{name}-{index}" for index in range(5)]
    try:
        for index, each in enumerate(names):
            client.create_function(minimal(each, images[0], tags=[m.Tag(key="parity", value=str(index % 2))]))
        found, token = [], None
        while True:
            page = client.list_functions(m.ListFunctionsRequest(prefix=name, limit=2, next_token=token)).body
            assert 1 <= len(page.functions) <= 2
            found += [function.function_name for function in page.functions]
            token = page.next_token
            if not token:
                break
        assert found == names
        odd = client.list_functions(m.ListFunctionsRequest(prefix=name, tags=[m.Tag(key="parity", value="1")])).body
        assert [function.function_name for function in odd.functions] == [names[1], names[3]]
        none = client.list_functions(m.ListFunctionsRequest(prefix=name + "-x")).body
        assert none.functions == [] and not none.next_token
    finally:
        for each in names:
            client.delete_function(each)


def test_versions(client, name, images):
    client.create_function(minimal(name, images[0], description="one"))
    publish = lambda text: client.publish_function_version(name, m.PublishFunctionVersionRequest(body=m.PublishVersionInput(description=text)))
    first = publish("first").body
    assert (first.version_id, first.description) == ("1", "first")
    assert TIME.fullmatch(first.created_time) and TIME.fullmatch(first.last_modified_time)
    refused(lambda: publish("again"), "VersionPublishError", 400, name, "version 1")

    client.update_function(name, m.UpdateFunctionRequest(body=m.UpdateFunctionInput(description="two")))
    assert publish("second").body.version_id == "2"
    assert client.get_function(name, m.GetFunctionRequest(qualifier="1")).body.description == "one"
    assert client.get_function(name, m.GetFunctionRequest(qualifier="LATEST")).body.description == "two"

    newest = client.list_function_versions(name, m.ListFunctionVersionsRequest(direction="BACKWARD")).body
    assert [version.version_id for version in newest.versions] == ["2", "1"] and newest.direction == "BACKWARD"
    page = client.list_function_versions(name, m.ListFunctionVersionsRequest(direction="FORWARD", limit=1)).body
    assert [version.version_id for version in page.versions] == ["1"]
    rest = client.list_function_versions(name, m.ListFunctionVersionsRequest(direction="FORWARD", next_token=page.next_token)).body
    assert [version.version_id for version in rest.versions] == ["2"] and not rest.next_token

    assert client.delete_function_version(name, "2").status_code == 204
    refused(lambda: client.delete_function_version(name, "2"), "VersionNotFound", 404, "'2'", name)
    refused(lambda: client.get_function(name, m.GetFunctionRequest(qualifier="2")), "VersionNotFound", 404)
    refused(lambda: client.get_function(name, m.GetFunctionRequest(qualifier="prod")), "AliasNotFound", 404, "prod")
    client.update_function(name, m.UpdateFunctionRequest(body=m.UpdateFunctionInput(description="three")))
    assert publish("").body.version_id == "3"


def test_instances(client, name, images):
    client.create_function(minimal(name, images[0]))
    answer = client.list_instances(name, m.ListInstancesRequest(
        qualifier="LATEST", with_all_active=True, instance_ids=["c-1"], instance_status=["Running"], limit="10"))
    assert answer.body.instances == [] and REQUEST_ID.fullmatch(answer.body.request_id)


def test_errors(client, name, images):
    missing = "none-" + name
    for call in (
        lambda: client.get_function(missing, m.GetFunctionRequest()),
        lambda: client.delete_function(missing),
        lambda: client.update_function(missing, m.UpdateFunctionRequest(body=m.UpdateFunctionInput(timeout=1))),
        lambda: client.list_instances(missing, m.ListInstancesRequest()),
        lambda: client.list_function_versions(missing, m.ListFunctionVersionsRequest()),
        lambda: client.publish_function_version(missing, m.PublishFunctionVersionRequest(body=m.PublishVersionInput())),
        lambda: client.delete_function_version(missing, "1"),
    ):
        refused(call, "FunctionNotFound", 404, f"function '{missing}' does not exist")
    client.create_function(minimal(name, images[0]))
    refused(lambda: client.create_function(minimal(name, images[0])), "FunctionAlreadyExists", 409, name)
    refused(lambda: client.create_function(minimal("1x", images[0])), "InvalidArgument", 400, "functionName", "1x", "1 to 64")
    refused(lambda: client.create_function(minimal("other", "none:1")), "InvalidArgument", 400, "none:1", "swiftlet image load FILE --name none:1")
    for fields, words in (
        ({"timeout": 0}, ("timeout", "0", "86400")), ({"memory_size": 100}, ("memorySize", "100", "128")),
        ({"instance_concurrency": 201}, ("instanceConcurrency", "201", "200")), ({"cpu": 0.06}, ("cpu", "0.06", "0.05")),
        ({"disk_size": 1}, ("diskSize", "512", "10240")), ({"environment_variables": {"FC_A": ""}}, ("environmentVariables", "FC_A")),
        ({"layers": list("abcdef")}, ("layers", "5")),
    ):
        refused(lambda: client.create_function(minimal("other", images[0], **fields)), "InvalidArgument", 400, *words)
    refused(lambda: client.get_function_code(name, m.GetFunctionCodeRequest()), "InvalidArgument", 400, name)


def test_operations_that_this_host_does_not_have(client, name):
    for call in (
        lambda: client.list_sessions(name, m.ListSessionsRequest()),
        lambda: client.list_snapshots(m.ListSnapshotsRequest()),
        lambda: client.list_vpc_bindings(name),
    ):
        refused(call, "PathNotSupported", 400, "is not supported")


def test_an_endpoint_with_a_scheme(host, name, images):
    # The Host header then has the scheme too.
    client = Client(Config(access_key_id="a", access_key_secret="s", endpoint=f"http://{host}", region_id="cn-local"))
    assert client.create_function(minimal(name, images[0])).body.function_name == name
    assert client.delete_function(name).status_code == 204


def test_asyncio(client, host, name, images):
    async def life():
        answer = await client.create_function_async(m.CreateFunctionRequest(body=full(name, images[0])))
        assert answer.body.function_name == name and answer.body.description == "demo ü 😀"
        updated = await client.update_function_async(name, m.UpdateFunctionRequest(body=m.UpdateFunctionInput(timeout=9)))
        assert updated.body.timeout == 9
        assert (await client.get_function_async(name, m.GetFunctionRequest())).body.timeout == 9
        listed = await client.list_functions_async(m.ListFunctionsRequest(prefix=name, tags=[m.Tag(key="k", value="v")]))
        assert [function.function_name for function in listed.body.functions] == [name]
        version = await client.publish_function_version_async(name, m.PublishFunctionVersionRequest(body=m.PublishVersionInput()))
        assert version.body.version_id == "1"
        versions = await client.list_function_versions_async(name, m.ListFunctionVersionsRequest())
        assert [each.version_id for each in versions.body.versions] == ["1"]
        instances = await client.list_instances_async(name, m.ListInstancesRequest(instance_status=["Running"]))
        assert instances.body.instances == []
        assert (await client.delete_function_version_async(name, "1")).status_code == 204
        assert (await client.delete_function_async(name)).status_code == 204
        with pytest.raises(ClientException) as info:
            await client.get_function_async(name, m.GetFunctionRequest())
        assert info.value.code == "FunctionNotFound"

    asyncio.run(life())
