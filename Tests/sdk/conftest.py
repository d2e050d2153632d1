# SPDX-License-Identifier: Apache-2.0
"""The official SDK against a running host.

SWIFTLET_HOST=http://127.0.0.1:8080 takes a host that is already running; SWIFTLET_IMAGE and SWIFTLET_OTHER_IMAGE name two images that it has.
Without it, `control-api-fixture` of the release build is started: it has the control API, and no instances.
"""
import os
import pathlib
import subprocess
import uuid

import pytest
from alibabacloud_fc20230330.client import Client
from alibabacloud_tea_openapi.utils_models import Config

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session", autouse=True)
def no_proxy():
    # The SDK honours these even for loopback, and ignores NO_PROXY.
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        os.environ.pop(name, None)


@pytest.fixture(scope="session")
def images():
    return os.environ.get("SWIFTLET_IMAGE", "echo:1"), os.environ.get("SWIFTLET_OTHER_IMAGE", "echo:2")


@pytest.fixture(scope="session")
def host(images):
    """host:port of the control API."""
    given = os.environ.get("SWIFTLET_HOST")
    if given:
        yield given.removeprefix("http://").rstrip("/")
        return
    program = subprocess.Popen(
        [ROOT / ".build/release/control-api-fixture", *images], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    port = program.stdout.readline().strip()
    assert port, "the fixture did not start"
    yield f"127.0.0.1:{port}"
    program.stdin.close()
    assert program.wait(timeout=20) == 0


@pytest.fixture(scope="session")
def client(host):
    return Client(Config(access_key_id="ak-test", access_key_secret="sk-test", endpoint=host, protocol="http", region_id="cn-local"))


@pytest.fixture
def name(client):
    """A name that is free, and is free again after the test."""
    name = "sdk-" + uuid.uuid4().hex[:12]
    yield name
    try:
        client.delete_function(name)
    except Exception as error:  # most tests delete their function themselves, or never made one
        assert getattr(error, "code", None) == "FunctionNotFound", error
