# SPDX-License-Identifier: Apache-2.0
"""Aliases through the official SDK, field by field; with a whole host, their calls too."""
import asyncio
import os

import pytest
from alibabacloud_fc20230330 import models as m

from test_functions import TIME, minimal, refused


@pytest.fixture
def versions(client, name, images):
    """A function with versions 1 and 2, which run different images."""
    client.create_function(minimal(name, images[0]))
    client.publish_function_version(name, m.PublishFunctionVersionRequest(body=m.PublishVersionInput(description="one")))
    client.update_function(name, m.UpdateFunctionRequest(body=m.UpdateFunctionInput(
        custom_container_config=m.CustomContainerConfig(image=images[1]))))
    client.publish_function_version(name, m.PublishFunctionVersionRequest(body=m.PublishVersionInput(description="two")))


def create(client, function, alias, version="1", **fields):
    return client.create_alias(function, m.CreateAliasRequest(body=m.CreateAliasInput(alias_name=alias, version_id=version, **fields)))


def test_every_field_comes_back(client, name, versions):
    made = create(client, name, "prod", description="d", additional_version_weight={"2": 0.1})
    assert made.status_code == 200
    for body in (made.body, client.get_alias(name, "prod").body, client.list_aliases(name, m.ListAliasesRequest()).body.aliases[0]):
        assert (body.alias_name, body.version_id, body.description, body.additional_version_weight) == ("prod", "1", "d", {"2": 0.1})
        assert TIME.fullmatch(body.created_time) and TIME.fullmatch(body.last_modified_time)


def test_update_and_delete(client, name, versions):
    create(client, name, "prod", additional_version_weight={"2": 0.1}, description="d")
    body = client.update_alias(name, "prod", m.UpdateAliasRequest(body=m.UpdateAliasInput(version_id="2", additional_version_weight={}))).body
    assert (body.version_id, body.additional_version_weight, body.description) == ("2", {}, "d")
    assert client.delete_alias(name, "prod").status_code == 204
    refused(lambda: client.get_alias(name, "prod"), "AliasNotFound", 404, "prod", name)
    refused(lambda: client.delete_alias(name, "prod"), "AliasNotFound", 404, "prod")


def test_pages(client, name, versions):
    for alias in ("b", "a", "c"):
        create(client, name, alias)
    page = client.list_aliases(name, m.ListAliasesRequest(limit=2)).body
    rest = client.list_aliases(name, m.ListAliasesRequest(limit=2, next_token=page.next_token)).body
    assert [alias.alias_name for alias in page.aliases + rest.aliases] == ["a", "b", "c"] and not rest.next_token
    assert [alias.alias_name for alias in client.list_aliases(name, m.ListAliasesRequest(prefix="b")).body.aliases] == ["b"]


def test_refusals(client, name, versions):
    create(client, name, "prod")
    refused(lambda: create(client, name, "prod"), "AliasAlreadyExists", 409, "prod")
    refused(lambda: create(client, name, "new", "7"), "VersionNotFound", 404, "'7'")
    refused(lambda: create(client, name, "new", additional_version_weight={"1": 0.5}), "AdditionalVersionContainsMajorVersion", 400, "1")
    refused(lambda: create(client, name, "new", additional_version_weight={"2": 1.5}), "InvalidArgument", 400, "1.5", "0 to 1")
    refused(lambda: client.update_alias(name, "none", m.UpdateAliasRequest(body=m.UpdateAliasInput(version_id="1"))), "AliasNotFound", 404)


def test_asyncio(client, name, versions):
    async def go():
        await client.create_alias_async(name, m.CreateAliasRequest(body=m.CreateAliasInput(alias_name="prod", version_id="2")))
        return (await client.get_alias_async(name, "prod")).body
    assert asyncio.run(go()).version_id == "2"


@pytest.mark.skipif(not os.environ.get("SWIFTLET_HOST"), reason="the fixture has no instances; scripts/test gives a whole host")
def test_calls_are_split(client, name, versions):
    create(client, name, "prod", additional_version_weight={"2": 0.25})
    served = []
    for _ in range(8):
        answer = client.invoke_function(name, m.InvokeFunctionRequest(body=b"x", qualifier="prod"))
        assert answer.status_code == 200
        served.append(answer.headers["x-fc-invocation-function-version"])
    assert sorted(served) == ["1"] * 6 + ["2"] * 2
