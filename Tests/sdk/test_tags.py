# SPDX-License-Identifier: Apache-2.0
"""Tags and regions through the official SDK."""
import asyncio

import pytest
from alibabacloud_fc20230330 import models as m
from test_functions import REQUEST_ID, minimal, refused

KIND = "ALIYUN::FC::FUNCTION"


def arn(name):
    return f"acs:fc:cn-local:1:functions/{name}"


def tagging(names, **tags):
    return m.TagResourcesRequest(body=m.TagResourcesInput(
        resource_id=[arn(name) for name in names], resource_type=KIND, tag=[m.Tag(key=key, value=value) for key, value in tags.items()]))


def listed(client, **query):
    body = client.list_tag_resources(m.ListTagResourcesRequest(resource_type=KIND, **query)).body
    assert REQUEST_ID.fullmatch(body.request_id)
    for each in body.tag_resources:
        assert each.resource_type == KIND
    return [(each.resource_id, each.tag_key, each.tag_value) for each in body.tag_resources], body.next_token


@pytest.fixture()
def pair(client, name, images):
    names = [name + "-a", name + "-b"]
    for each in names:
        client.create_function(minimal(each, images[0]))
    yield names
    for each in names:
        client.delete_function(each)


def test_tags_come_and_go(client, pair):
    a, b = pair
    assert client.tag_resources(tagging(pair, team="web", stage="test")).status_code == 204
    client.tag_resources(tagging([a], stage="live"))
    ids = [arn(a), arn(b)]
    assert listed(client, resource_id=ids) == ([
        (arn(a), "stage", "live"), (arn(a), "team", "web"), (arn(b), "stage", "test"), (arn(b), "team", "web")], None)
    assert listed(client, resource_id=ids, tag=[m.ListTagResourcesRequestTag(key="stage", value="live")])[0] == [(arn(a), "stage", "live")]
    assert listed(client, tag=[m.ListTagResourcesRequestTag(key="team", value="web")], resource_id=[arn(b)])[0] == [(arn(b), "team", "web")]
    tags = client.get_function(a, m.GetFunctionRequest()).body.tags
    assert {tag.key: tag.value for tag in tags} == {"team": "web", "stage": "live"}
    found = client.list_functions(m.ListFunctionsRequest(prefix=a[:-2], tags=[m.Tag(key="stage", value="live")])).body.functions
    assert [function.function_name for function in found] == [a]

    assert client.untag_resources(m.UntagResourcesRequest(resource_id=[arn(a)], resource_type=KIND, tag_key=["team"])).status_code == 204
    assert listed(client, resource_id=[arn(a)])[0] == [(arn(a), "stage", "live")]
    client.untag_resources(m.UntagResourcesRequest(resource_id=ids, resource_type="function", all=True))
    assert listed(client, resource_id=ids) == ([], None)


def test_pages(client, pair):
    client.tag_resources(tagging(pair, one="1", two="2", three="3"))
    found, token = [], None
    while True:
        page, token = listed(client, resource_id=[arn(name) for name in pair], limit=4, next_token=token)
        assert len(page) <= 4
        found += page
        if not token:
            break
    assert [key for _, key, _ in found] == ["one", "three", "two"] * 2


def test_tagging_leaves_versions_alone(client, pair):
    publish = lambda: client.publish_function_version(pair[0], m.PublishFunctionVersionRequest(body=m.PublishVersionInput()))
    publish()
    client.tag_resources(tagging(pair, k="v"))
    refused(publish, "VersionPublishError", 400)


def test_errors(client, pair):
    refused(lambda: client.tag_resources(tagging(["none-x"], k="v")), "FunctionNotFound", 404, "none-x")
    refused(lambda: client.tag_resources(tagging(pair)), "InvalidArgument", 400, "Tag")
    refused(lambda: client.tag_resources(tagging([pair[0]], **{f"k{n}": "v" for n in range(21)})), "InvalidArgument", 400, "20")
    client.tag_resources(tagging([pair[0]], **{f"k{n}": "v" for n in range(20)}))
    refused(lambda: client.tag_resources(tagging([pair[0]], other="v")), "LimitExceededError", 400, "20")
    for kind, ids in (("service", [arn(pair[0])]), (KIND, ["acs:oss:*:1:bucket"]), (KIND, [])):
        refused(lambda: client.tag_resources(m.TagResourcesRequest(body=m.TagResourcesInput(
            resource_id=ids, resource_type=kind, tag=[m.Tag(key="k", value="v")]))), "InvalidArgument", 400)
    refused(lambda: client.untag_resources(m.UntagResourcesRequest(resource_id=[arn(pair[0])], resource_type=KIND)), "InvalidArgument", 400, "TagKey")


def test_regions(client):
    body = client.describe_regions(m.DescribeRegionsRequest()).body
    assert [(region.region_id, region.local_name) for region in body.regions.region] == [("cn-local", "This host")]


def test_asyncio(client, pair):
    async def life():
        assert (await client.tag_resources_async(tagging(pair, k="v"))).status_code == 204
        body = (await client.list_tag_resources_async(m.ListTagResourcesRequest(
            resource_type=KIND, resource_id=[arn(pair[0])], tag=[m.ListTagResourcesRequestTag(key="k", value="v")]))).body
        assert [each.tag_key for each in body.tag_resources] == ["k"]
        gone = await client.untag_resources_async(m.UntagResourcesRequest(resource_id=[arn(pair[0])], resource_type=KIND, tag_key=["k"]))
        assert gone.status_code == 204
        regions = (await client.describe_regions_async(m.DescribeRegionsRequest())).body
        assert regions.regions.region[0].region_id == "cn-local"

    asyncio.run(life())
