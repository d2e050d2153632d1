# SPDX-License-Identifier: Apache-2.0
"""Layers through the official SDK, sync and asyncio, field by field; with a whole host, functions that use them too."""
import asyncio
import base64
import io
import json
import os
import urllib.error
import urllib.request
import uuid
import zipfile

import pytest
from alibabacloud_fc20230330 import models as m

from test_functions import TIME, minimal, refused

whole_host = pytest.mark.skipif(not os.environ.get("SWIFTLET_HOST"), reason="the fixture has no instances; scripts/test gives a whole host")


def crc64(data):
    """CRC-64 of ECMA-182 in its reflected form, bit by bit."""
    value = (1 << 64) - 1
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xC96C5795D7870F42 if value & 1 else 0)
    return value ^ (1 << 64) - 1


def pack(**files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return out.getvalue()


def create(client, layer, data=None, **fields):
    code = m.InputCodeLocation(zip_file=base64.b64encode(data).decode()) if data is not None else fields.pop("code")
    fields.setdefault("compatible_runtime", ["custom-container"])
    return client.create_layer_version(layer, m.CreateLayerVersionRequest(body=m.CreateLayerVersionInput(code=code, **fields)))


@pytest.fixture
def layer(client):
    """A name of a layer; its versions are deleted after the test."""
    name = "sdk-" + uuid.uuid4().hex[:12]
    yield name
    try:
        found = client.list_layer_versions(name, m.ListLayerVersionsRequest(limit=100)).body.layers
    except Exception as error:
        assert getattr(error, "code", None) == "LayerNotFound", error
        return
    for version in found:
        client.delete_layer_version(name, str(version.version))


def put(host, bucket, name, data):
    urllib.request.urlopen(urllib.request.Request(f"http://{host}/swiftlet/v1/objects/{bucket}/{name}", data, method="PUT")).close()


def test_every_field_comes_back(client, layer):
    data = pack(**{"python/a.py": "A = 1\n"})
    made = create(client, layer, data, description="d ü", license="MIT", compatible_runtime=["custom-container", "custom.debian11"])
    assert made.status_code == 200
    arn = made.body.layer_version_arn
    assert arn.startswith("acs:fc:") and arn.endswith(f":layers/{layer}/versions/1")
    listed = client.list_layer_versions(layer, m.ListLayerVersionsRequest()).body.layers
    newest = client.list_layers(m.ListLayersRequest(prefix=layer)).body.layers
    assert len(listed) == len(newest) == 1
    for body in (made.body, client.get_layer_version(layer, "1").body, client.get_layer_version_by_arn(arn).body, listed[0], newest[0]):
        got = body.to_map()
        location = got.pop("code")
        assert location["repositoryType"] == "OSS"
        assert TIME.fullmatch(got.pop("createTime"))
        assert got == {
            "layerName": layer, "version": 1, "layerVersionArn": arn, "description": "d ü", "license": "MIT", "acl": "0",
            "compatibleRuntime": ["custom-container", "custom.debian11"], "codeSize": len(data), "codeChecksum": str(crc64(data))}
        with urllib.request.urlopen(location["location"]) as answer:
            assert answer.read() == data


def test_asyncio(client, layer):
    data = pack(a="1")

    async def go():
        body = m.CreateLayerVersionInput(code=m.InputCodeLocation(zip_file=base64.b64encode(data).decode()))
        made = (await client.create_layer_version_async(layer, m.CreateLayerVersionRequest(body=body))).body
        by_arn = (await client.get_layer_version_by_arn_async(made.layer_version_arn)).body
        got = (await client.get_layer_version_async(layer, "1")).body
        versions = (await client.list_layer_versions_async(layer, m.ListLayerVersionsRequest())).body.layers
        layers = (await client.list_layers_async(m.ListLayersRequest(prefix=layer))).body.layers
        await client.put_layer_aclasync(layer, m.PutLayerACLRequest(acl="1")) if hasattr(client, "put_layer_aclasync") else None
        deleted = await client.delete_layer_version_async(layer, "1")
        return made, by_arn, got, versions[0], layers[0], deleted

    *bodies, deleted = asyncio.run(go())
    assert all(body.layer_name == layer and body.version == 1 and body.code_size == len(data) for body in bodies)
    assert deleted.status_code == 204


def test_versions_count_up_and_are_never_given_twice(client, layer):
    for number in (1, 2, 3):
        assert create(client, layer, pack(n=str(number))).body.version == number
    assert client.delete_layer_version(layer, "3").status_code == 204
    assert client.delete_layer_version(layer, "1").status_code == 204
    assert create(client, layer, pack(n="4")).body.version == 4
    refused(lambda: client.get_layer_version(layer, "1"), "LayerVersionNotFound", 404, "1", layer)
    refused(lambda: client.delete_layer_version(layer, "1"), "LayerVersionNotFound", 404)
    page = client.list_layer_versions(layer, m.ListLayerVersionsRequest(limit=1)).body
    assert [v.version for v in page.layers] == [2] and page.next_version == 4
    rest = client.list_layer_versions(layer, m.ListLayerVersionsRequest(limit=1, start_version=page.next_version)).body
    assert [v.version for v in rest.layers] == [4] and not rest.next_version
    assert client.list_layers(m.ListLayersRequest(prefix=layer)).body.layers[0].version == 4
    client.delete_layer_version(layer, "2"), client.delete_layer_version(layer, "4")
    refused(lambda: client.get_layer_version(layer, "2"), "LayerNotFound", 404, layer)
    refused(lambda: client.list_layer_versions(layer, m.ListLayerVersionsRequest()), "LayerNotFound", 404, layer)
    assert client.list_layers(m.ListLayersRequest(prefix=layer)).body.layers == []
    assert create(client, layer, pack(n="5")).body.version == 5


def test_layers_come_in_pages(client, layer):
    names = [layer + end for end in ("-c", "-a", "-b")]
    try:
        for name in names:
            create(client, name, pack(a=name))
        page = client.list_layers(m.ListLayersRequest(prefix=layer, limit=2)).body
        rest = client.list_layers(m.ListLayersRequest(prefix=layer, limit=2, next_token=page.next_token)).body
        assert [body.layer_name for body in page.layers + rest.layers] == sorted(names) and not rest.next_token
    finally:
        for name in names:
            client.delete_layer_version(name, "1")


def test_the_acl_is_the_layers(client, layer):
    create(client, layer, pack(a="1"))
    create(client, layer, pack(a="2"))
    assert client.put_layer_acl(layer, m.PutLayerACLRequest(acl="1", public="true")).status_code == 204
    assert {client.get_layer_version(layer, str(n)).body.acl for n in (1, 2)} == {"1"}
    assert client.list_layers(m.ListLayersRequest(prefix=layer, public="true")).body.layers[0].acl == "1"
    assert client.put_layer_acl(layer, m.PutLayerACLRequest(public="false")).status_code == 204
    assert client.get_layer_version(layer, "1").body.acl == "0"
    assert client.list_layers(m.ListLayersRequest(prefix=layer, public="true")).body.layers == []
    assert client.list_layers(m.ListLayersRequest(prefix=layer, official="true")).body.layers == []
    refused(lambda: client.put_layer_acl(layer, m.PutLayerACLRequest(acl="2")), "InvalidArgument", 400, "acl", "0 or 1")
    refused(lambda: client.put_layer_acl(layer, m.PutLayerACLRequest(acl="1", public="false")), "InvalidArgument", 400, "contradict")
    refused(lambda: client.put_layer_acl("none", m.PutLayerACLRequest(acl="1")), "LayerNotFound", 404, "none")


def test_the_checksum_is_verified(client, layer):
    data = pack(a="1")
    right = m.InputCodeLocation(zip_file=base64.b64encode(data).decode(), checksum=str(crc64(data)))
    assert create(client, layer, code=right).body.code_checksum == str(crc64(data))
    wrong = m.InputCodeLocation(zip_file=base64.b64encode(data).decode(), checksum="1")
    refused(lambda: create(client, layer, code=wrong), "InvalidArgument", 400, "code.checksum", str(crc64(data)))


def test_an_object_becomes_a_layer(client, host, layer):
    data = pack(a="from the store")
    put(host, "assets", f"{layer}/deep/a.zip", data)
    code = m.InputCodeLocation(oss_bucket_name="assets", oss_object_name=f"{layer}/deep/a.zip", checksum=str(crc64(data)))
    made = create(client, layer, code=code).body
    assert made.code_size == len(data)
    # The layer has its own copy.
    put(host, "assets", f"{layer}/deep/a.zip", pack(a="another"))
    with urllib.request.urlopen(made.code.location) as answer:
        assert answer.read() == data
    missing = m.InputCodeLocation(oss_bucket_name="assets", oss_object_name="none.zip")
    refused(lambda: create(client, layer, code=missing), "ObjectNotFound", 404, "assets/none.zip")


def test_refusals(client, host, layer):
    both = m.InputCodeLocation(zip_file="UEs=", oss_bucket_name="b", oss_object_name="o")
    refused(lambda: create(client, layer, code=both), "InvalidArgument", 400, "either ossBucketName")
    refused(lambda: create(client, layer, code=m.InputCodeLocation(oss_bucket_name="bucket")), "InvalidArgument", 400, "either ossBucketName")
    refused(lambda: create(client, layer, code=m.InputCodeLocation()), "InvalidArgument", 400, "code")
    refused(lambda: create(client, layer, b"no zip at all"), "InvalidArgument", 400, "no zip")
    refused(lambda: create(client, layer, code=m.InputCodeLocation(zip_file="%%%")), "InvalidArgument", 400, "base64")
    refused(lambda: create(client, "1layer", pack(a="1")), "InvalidArgument", 400, "layerName", "1layer")
    refused(lambda: create(client, layer, pack(a="1"), description="d" * 1025), "InvalidArgument", 400, "description", "1024")
    refused(lambda: create(client, layer, pack(a="1"), compatible_runtime=["Ünknown"]), "InvalidArgument", 400, "compatibleRuntime")
    escape = m.InputCodeLocation(oss_bucket_name="assets", oss_object_name="../../swiftlet.db")
    refused(lambda: create(client, layer, code=escape), "InvalidArgument", 400, "ossObjectName")
    refused(lambda: client.get_layer_version_by_arn("acs:fc:cn-hangzhou:official:layers/Python310/versions/1"), "LayerVersionNotFound", 404)
    refused(lambda: client.get_layer_version_by_arn("nonsense"), "InvalidArgument", 400, "layerVersionArn")
    refused(lambda: client.get_layer_version(layer, "x"), "InvalidArgument", 400, "version")
    with pytest.raises(urllib.error.HTTPError) as error:
        put(host, "swiftlet", "layers/x.zip", b"")
    assert error.value.code == 403 and json.load(error.value)["Code"] == "AccessDenied"


def test_a_request_of_more_than_100_mib_is_refused_at_once(host, layer):
    request = urllib.request.Request(f"http://{host}/2023-03-30/layers/{layer}/versions", b"", method="POST")
    request.add_unredirected_header("Content-length", str((100 << 20) + 1))
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(request, timeout=20)
    assert error.value.code == 400 and json.load(error.value)["Code"] == "EntityTooLarge"


def test_a_layer_has_at_most_100_versions(client, layer):
    data = pack(a="1")
    for number in range(100):
        assert create(client, layer, data).body.version == number + 1
    refused(lambda: create(client, layer, data), "LimitExceededError", 400, "100")
    client.delete_layer_version(layer, "50")
    assert create(client, layer, data).body.version == 101


def test_a_functions_layers(client, name, images, layer):
    arns = [create(client, layer, pack(n=str(number))).body.layer_version_arn for number in range(6)]
    sizes = [client.get_layer_version_by_arn(arn).body.code_size for arn in arns]
    made = client.create_function(minimal(name, images[0], layers=arns[:2])).body
    for body in (made, client.get_function(name, m.GetFunctionRequest()).body):
        assert [(used.arn, used.size) for used in body.layers] == list(zip(arns[:2], sizes))

    def update(layers):
        return client.update_function(name, m.UpdateFunctionRequest(body=m.UpdateFunctionInput(layers=layers))).body.layers
    assert [used.arn for used in update(arns[2:0:-1])] == arns[2:0:-1]
    refused(lambda: update(arns), "InvalidArgument", 400, "layers", "at most 5")
    refused(lambda: update([arns[0], arns[0]]), "InvalidArgument", 400, "once")
    refused(lambda: update([arns[0] + "0"]), "LayerVersionNotFound", 404)
    refused(lambda: update(["acs:fc:x:y:layers/z/versions/1"]), "LayerVersionNotFound", 404, "layers of this host")
    refused(lambda: update(["z"]), "InvalidArgument", 400, "layerVersionArn")
    python = create(client, layer, pack(a="1"), compatible_runtime=["python3.10"]).body.layer_version_arn
    refused(lambda: update([python]), "InvalidArgument", 400, "custom-container is not supported by layer")
    # A deleted version stays with who has it, and nobody else can name it.
    client.delete_layer_version(layer, "2")
    description = m.UpdateFunctionRequest(body=m.UpdateFunctionInput(description="changed"))
    assert [used.arn for used in client.update_function(name, description).body.layers] == arns[2:0:-1]
    other = name + "-2"
    refused(lambda: client.create_function(minimal(other, images[0], layers=[arns[1]])), "LayerVersionNotFound", 404)
    assert update([]) == []
    refused(lambda: update([arns[1]]), "LayerVersionNotFound", 404)


@whole_host
def test_a_function_finds_what_its_layers_have(client, name, layer):
    """The image of `SWIFTLET_OTHER_IMAGE` is the sample python-event: its answer does not matter, only that it runs with the layer in place."""
    code = "import sys\nsys.stdout.write('the layer was imported\\n')\n"
    arn = create(client, layer, pack(**{"python/sitecustomize.py": code})).body.layer_version_arn
    client.create_function(minimal(name, os.environ["SWIFTLET_OTHER_IMAGE"], layers=[arn]))
    headers = m.InvokeFunctionHeaders(x_fc_log_type="Tail")
    answer = client.invoke_function_with_options(name, m.InvokeFunctionRequest(body=b"{}"), headers, __import__("darabonba.runtime", fromlist=["x"]).RuntimeOptions())
    assert answer.status_code == 200 and "x-fc-error-type" not in answer.headers
    with urllib.request.urlopen(f"{os.environ['SWIFTLET_HOST']}/swiftlet/v1/functions/{name}/logs") as log:
        assert b"the layer was imported" in log.read()


@whole_host
@pytest.mark.parametrize("entry, words", [("../evil", "'..'"), ("d/" * 300 + "x", "limit is 256")])
def test_a_hostile_zip_is_refused_when_a_function_needs_it(client, name, images, layer, entry, words):
    arn = create(client, layer, pack(**{entry: "x"})).body.layer_version_arn
    refused(lambda: client.create_function(minimal(name, images[0], layers=[arn])), "InvalidArgument", 400, "cannot be unpacked", words)
