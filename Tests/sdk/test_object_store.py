# SPDX-License-Identifier: Apache-2.0
"""Layers whose zips are kept on a server that speaks S3 and checks signatures of version 4 (moto), instead of in a folder."""
import base64
import os
import subprocess
import sys
import time
import urllib.request

import boto3
import pytest
from alibabacloud_fc20230330 import models as m
from alibabacloud_fc20230330.client import Client
from alibabacloud_tea_openapi.utils_models import Config

from conftest import ROOT
from test_functions import refused
from test_layers import create, crc64, pack

POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'


def free_port():
    import socket
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def server():
    """The endpoint, and a key pair that it knows. Its first four requests make them; from then on it verifies every signature."""
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    program = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], env={**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": "4"},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{endpoint}/moto-api/", timeout=5).close()
                break
            except OSError:
                assert program.poll() is None, "moto did not start"
                time.sleep(0.05)
        anyone = dict(endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        iam = boto3.client("iam", **anyone)
        iam.create_user(UserName="swiftlet")
        iam.put_user_policy(UserName="swiftlet", PolicyName="all", PolicyDocument=POLICY)
        key = iam.create_access_key(UserName="swiftlet")["AccessKey"]
        boto3.client("s3", **anyone).create_bucket(Bucket="swiftlet")
        yield endpoint, key["AccessKeyId"], key["SecretAccessKey"]
    finally:
        program.terminate()
        program.wait(timeout=20)


def fixture(images, endpoint, key, secret):
    program = subprocess.Popen(
        [ROOT / ".build/release/control-api-fixture", *images], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "SWIFTLET_FIXTURE_S3": f"{endpoint} {key} {secret}"})
    address = f"127.0.0.1:{program.stdout.readline().strip()}"
    return program, Client(Config(access_key_id="a", access_key_secret="s", endpoint=address, protocol="http", region_id="cn-local"))


def end(program):
    program.stdin.close()
    assert program.wait(timeout=20) == 0


def test_layers_live_on_the_server(server, images):
    endpoint, key, secret = server
    s3 = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=key, aws_secret_access_key=secret)
    program, client = fixture(images, *server)
    try:
        data = pack(a="1" * 1000)
        made = create(client, "layer", data).body
        kept = s3.list_objects_v2(Bucket="swiftlet")["Contents"]
        assert len(kept) == 1 and kept[0]["Key"].startswith("layers/layer/") and kept[0]["Size"] == len(data)
        assert s3.get_object(Bucket="swiftlet", Key=kept[0]["Key"])["Body"].read() == data
        with urllib.request.urlopen(made.code.location) as answer:
            assert answer.read() == data
        # An object that somebody else has put there becomes a layer; its name needs every kind of encoding.
        name, other = "deep/a b+ü~(1).zip", pack(b="2" * 300_000)
        s3.put_object(Bucket="swiftlet", Key=name, Body=other)
        code = m.InputCodeLocation(oss_bucket_name="swiftlet", oss_object_name=name, checksum=str(crc64(other)))
        assert create(client, "layer", code=code).body.code_size == len(other)
        missing = m.InputCodeLocation(oss_bucket_name="swiftlet", oss_object_name="none.zip")
        refused(lambda: create(client, "layer", code=missing), "ObjectNotFound", 404)
        for version in ("1", "2"):
            client.delete_layer_version("layer", version)
        assert [found["Key"] for found in s3.list_objects_v2(Bucket="swiftlet")["Contents"]] == [name]
    finally:
        end(program)


def test_a_wrong_secret_is_the_servers_to_refuse(server, images):
    endpoint, key, _ = server
    program, client = fixture(images, endpoint, key, "wrong")
    try:
        with pytest.raises(Exception) as error:
            create(client, "layer", pack(a="1"))
        assert error.value.code == "ObjectStoreFailed" and "SignatureDoesNotMatch" in error.value.message
    finally:
        end(program)


def test_a_server_that_is_away_is_told(images):
    program, client = fixture(images, f"http://127.0.0.1:{free_port()}", "k", "s")
    try:
        with pytest.raises(Exception) as error:
            client.create_layer_version("layer", m.CreateLayerVersionRequest(body=m.CreateLayerVersionInput(
                code=m.InputCodeLocation(zip_file=base64.b64encode(pack(a="1")).decode()))))
        assert error.value.code == "ObjectStoreFailed" and error.value.status_code == 502
    finally:
        end(program)
