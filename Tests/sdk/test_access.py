# SPDX-License-Identifier: Apache-2.0
"""Who may: signatures of the official SDK, sync and asyncio, against a host of its own with keys."""
import asyncio
import datetime
import hashlib
import hmac
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request
import uuid

import pytest
from alibabacloud_fc20230330 import models as m
from alibabacloud_fc20230330.client import Client
from alibabacloud_tea_openapi.utils_models import Config

from test_functions import minimal, refused

ROOT = pathlib.Path(__file__).resolve().parents[2]
whole_host = pytest.mark.skipif(not os.environ.get("SWIFTLET_HOST"), reason="the fixture has no instances; scripts/test gives a whole host")


class Guarded:
    """A host with keys, and clients that hold them."""

    def __init__(self, address):
        self.address = address
        self.root = self.key()

    def own(self, method, path, body=None, key=None):
        data = None if body is None else json.dumps(body).encode()
        headers = sign(key or getattr(self, "root", None), method, self.address, path, data or b"")
        request = urllib.request.Request(f"http://{self.address}{path}", data, headers, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read() or b"null")

    def key(self, **policy):
        return self.own("POST", "/swiftlet/v1/keys", policy)

    def client(self, key, secret=None, token=None):
        config = Config(
            access_key_id=key["accessKeyId"], access_key_secret=secret or key["accessKeySecret"], endpoint=self.address, protocol="http",
            region_id="cn-local")
        if token:
            config.security_token, config.type = token, "sts"
        return Client(config)


def sign(key, method, address, path, body, date=None, nonce=None, extra=()):
    """ACS3-HMAC-SHA256 by hand, for what the SDK would never send."""
    if key is None:
        return {}
    headers = {
        "host": address, "x-acs-date": date or datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce or uuid.uuid4().hex, "x-acs-content-sha256": hashlib.sha256(body).hexdigest(), **dict(extra)}
    names = ";".join(sorted(headers))
    target, _, query = path.partition("?")
    canonical = "\n".join([method, target, query, "".join(f"{n}:{headers[n]}\n" for n in sorted(headers)), names, headers["x-acs-content-sha256"]])
    text = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
    signature = hmac.new(key["accessKeySecret"].encode(), text.encode(), hashlib.sha256).hexdigest()
    headers["Authorization"] = f"ACS3-HMAC-SHA256 Credential={key['accessKeyId']},SignedHeaders={names},Signature={signature}"
    return headers


@pytest.fixture(scope="module")
def guarded(images):
    folder = None
    if os.environ.get("SWIFTLET_HOST"):
        folder = tempfile.mkdtemp(prefix="swiftlet-access-", dir=ROOT / "rootfs")
        command = [ROOT / ".build/release/swiftlet", "serve", "--listen", "127.0.0.1:0", "--state-dir", folder]
    else:
        command = [ROOT / ".build/release/control-api-fixture", *images]
    program = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    line = program.stdout.readline()
    address = re.search(r"http://(\S+)", line)[1] if folder else "127.0.0.1:" + line.strip()
    if folder:
        for name, reference in (("hello", images[0]), ("python-event", images[1])):
            subprocess.run(
                [ROOT / ".build/release/swiftlet", "image", "load", ROOT / f"images/{name}.tar", "--name", reference], check=True,
                env={**os.environ, "SWIFTLET_HOST": f"http://{address}"})
    yield Guarded(address)
    if folder:
        program.terminate()
    program.stdin.close()
    assert program.wait(timeout=30) == 0
    if folder:
        shutil.rmtree(folder)


def status(call):
    """The status and code of an answer to a raw request."""
    with pytest.raises(urllib.error.HTTPError) as error:
        call()
    return error.value.code, json.load(error.value)["Code"]


def test_the_sdk_is_let_in_with_its_key_and_not_without(guarded, images):
    name = "f-" + uuid.uuid4().hex[:8]
    client = guarded.client(guarded.root)
    client.create_function(minimal(name, images[0], description="a + b/ü", environment_variables={"A": "1"}))
    assert client.get_function(name, m.GetFunctionRequest(qualifier="LATEST")).body.function_name == name
    found = client.list_functions(m.ListFunctionsRequest(prefix=name, description="+ b/ü", limit=5)).body.functions
    assert [function.function_name for function in found] == [name]
    assert status(lambda: urllib.request.urlopen(f"http://{guarded.address}/2023-03-30/functions")) == (400, "MissingRequiredHeader")
    refused(lambda: guarded.client(guarded.root, "wrong").get_function(name, m.GetFunctionRequest()), "SignatureNotMatch", 403, "does not match")
    unknown = {"accessKeyId": "nobody", "accessKeySecret": "x"}
    refused(lambda: guarded.client(unknown).get_function(name, m.GetFunctionRequest()), "InvalidAccessKeyID", 403, "nobody")
    assert client.delete_function(name).status_code == 204


def test_the_asyncio_client_too_with_awkward_characters(guarded, images):
    name = "f-" + uuid.uuid4().hex[:8]
    client = guarded.client(guarded.root)

    async def go():
        await client.create_function_async(minimal(name, images[0], description="x:y*z/ü"))
        found = await client.list_functions_async(m.ListFunctionsRequest(prefix=name, description="x:y*z/ü"))
        await client.get_layer_version_by_arn_async("acs:fc:cn-local:1:layers/none/versions/1")
        return found
    with pytest.raises(Exception) as error:
        asyncio.run(go())
    assert error.value.code == "LayerNotFound"
    client.delete_function(name)


def test_a_request_is_taken_once(guarded):
    path = "/swiftlet/v1/host"
    headers = sign(guarded.root, "GET", guarded.address, path, b"")
    request = urllib.request.Request(f"http://{guarded.address}{path}", headers=headers)
    urllib.request.urlopen(request).close()
    assert status(lambda: urllib.request.urlopen(urllib.request.Request(f"http://{guarded.address}{path}", headers=headers))) == (403, "AccessDenied")


class Restarted:
    """A host that is ended and started again, at one address and on one state directory."""

    def __init__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = "127.0.0.1:%d" % free.getsockname()[1]
        self.folder = tempfile.mkdtemp(prefix="swiftlet-nonces-", dir=ROOT / "rootfs")

    def start(self):
        self.program = subprocess.Popen(
            [ROOT / ".build/release/swiftlet", "serve", "--listen", self.address, "--state-dir", self.folder], stdout=subprocess.PIPE, text=True)
        assert "swiftlet ready" in self.program.stdout.readline()

    def end(self, number):
        self.program.send_signal(number)
        self.program.wait(timeout=30)
        self.program.stdout.close()

    def ask(self, headers):
        request = urllib.request.Request(f"http://{self.address}/swiftlet/v1/host", headers=headers)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, ""
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)["Message"]

    def signed(self, key, seconds=0):
        moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
        return sign(key, "GET", self.address, "/swiftlet/v1/host", b"", date=moment.strftime("%Y-%m-%dT%H:%M:%SZ"))


@whole_host
def test_a_request_is_taken_once_also_by_a_host_that_was_killed_and_started_anew():
    host = Restarted()
    try:
        host.start()
        key = Guarded(host.address).root
        # Five seconds old, so that it lies before the start below also where that comes within the second.
        taken = host.signed(key, -5)
        assert host.ask(taken) == (200, "")
        host.end(signal.SIGKILL)
        host.start()
        code, message = host.ask(taken)
        assert code == 403 and "was used before" in message, message
        assert host.ask(host.signed(key, -120)) == (200, ""), "a client whose clock is behind is not shut out by a restart"
        host.end(signal.SIGTERM)
        # As after a start of the machine, before which nonces may have been lost.
        folder = pathlib.Path(host.folder) / "data/nonces"
        [boot] = folder.iterdir()
        boot.rename(folder / "00000000-0000-4000-8000-000000000000")
        host.start()
        code, message = host.ask(host.signed(key, -60))
        assert code == 403 and "last start of the host's machine" in message, message
        assert "was used before" in host.ask(taken)[1]
        assert host.ask(host.signed(key)) == (200, "")
        host.end(signal.SIGKILL)
        host.start()
        older = host.signed(key, -300)
        assert "last start of the host's machine" in host.ask(older)[1], "the next process knows of it too"
        assert [entry.name for entry in folder.iterdir()] == [boot.name]
    finally:
        if host.program.poll() is None:
            host.end(signal.SIGTERM)
        shutil.rmtree(host.folder)


@pytest.mark.parametrize("minutes", [-16, 16])
def test_an_old_request_and_one_of_the_future_are_refused(guarded, minutes):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
    headers = sign(guarded.root, "GET", guarded.address, "/swiftlet/v1/host", b"", date=moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
    request = urllib.request.Request(f"http://{guarded.address}/swiftlet/v1/host", headers=headers)
    assert status(lambda: urllib.request.urlopen(request)) == (403, "AccessDenied")


def test_another_body_than_the_signed_one_is_refused(guarded, images):
    path, body = "/2023-03-30/functions", json.dumps(minimal("other-body", images[0]).body.to_map()).encode()
    headers = sign(guarded.root, "POST", guarded.address, path, body)
    changed = urllib.request.Request(f"http://{guarded.address}{path}", body.replace(b"other-body", b"evil-body1"), headers, method="POST")
    assert status(lambda: urllib.request.urlopen(changed)) == (403, "SignatureNotMatch")
    client = guarded.client(guarded.root)
    refused(lambda: client.get_function("evil-body1", m.GetFunctionRequest()), "FunctionNotFound", 404)


def test_what_is_not_signed_does_not_count(guarded):
    key, path = guarded.root, "/swiftlet/v1/host"
    headers = sign(key, "GET", guarded.address, path, b"")
    names = "host;x-acs-content-sha256;x-acs-date"  # the nonce is sent and not signed
    canonical = "\n".join(["GET", path, "", "".join(f"{n}:{headers[n]}\n" for n in names.split(";")), names, headers["x-acs-content-sha256"]])
    text = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
    signature = hmac.new(key["accessKeySecret"].encode(), text.encode(), hashlib.sha256).hexdigest()
    headers["Authorization"] = f"ACS3-HMAC-SHA256 Credential={key['accessKeyId']},SignedHeaders={names},Signature={signature}"
    request = urllib.request.Request(f"http://{guarded.address}{path}", headers=headers)
    assert status(lambda: urllib.request.urlopen(request)) == (403, "SignatureNotMatch")


def test_policies(guarded, images):
    mine, theirs = "mine-" + uuid.uuid4().hex[:6], "theirs-" + uuid.uuid4().hex[:6]
    operator = guarded.client(guarded.root)
    operator.create_function(minimal(theirs, images[0]))
    scoped = guarded.client(guarded.key(allow=["manage"], functions=["mine-*"]))
    reader = guarded.client(guarded.key(allow=["read"]))
    scoped.create_function(minimal(mine, images[0]))
    refused(lambda: scoped.create_function(minimal("theirs-2", images[0])), "AccessDenied", 403, "theirs-2")
    refused(lambda: scoped.get_function(theirs, m.GetFunctionRequest()), "AccessDenied", 403, theirs)
    refused(lambda: scoped.delete_function(theirs), "AccessDenied", 403)
    assert [f.function_name for f in scoped.list_functions(m.ListFunctionsRequest(limit=100)).body.functions] == [mine]
    refused(lambda: scoped.put_layer_acl("l", m.PutLayerACLRequest(acl="1")), "AccessDenied", 403, "manage this host")
    assert reader.get_function(mine, m.GetFunctionRequest()).status_code == 200
    refused(lambda: reader.delete_function(mine), "AccessDenied", 403, "manage")
    refused(lambda: reader.update_function(mine, m.UpdateFunctionRequest(body=m.UpdateFunctionInput(timeout=9))), "AccessDenied", 403)
    for name in (mine, theirs):
        operator.delete_function(name)


def test_keys_are_listed_without_their_secrets_and_revoked_at_once(guarded):
    key = guarded.key(allow=["read", "invoke"], functions=["a-*", "b"], description="d")
    listed = [found for found in guarded.own("GET", "/swiftlet/v1/keys")["keys"] if found["accessKeyId"] == key["accessKeyId"]]
    assert listed == [{field: key[field] for field in ("accessKeyId", "allow", "createdTime", "description", "functions")}]
    assert key["accessKeySecret"] not in json.dumps(guarded.own("GET", "/swiftlet/v1/keys"))
    guarded.own("DELETE", f"/swiftlet/v1/keys/{key['accessKeyId']}")
    refused(lambda: guarded.client(key).list_functions(m.ListFunctionsRequest()), "InvalidAccessKeyID", 403)
    assert status(lambda: guarded.own("GET", "/swiftlet/v1/keys", key=guarded.key(allow=["read"]))) == (403, "AccessDenied")
    assert status(lambda: guarded.own("DELETE", f"/swiftlet/v1/keys/{guarded.root['accessKeyId']}")) == (409, "AccessKeyInUse")
    assert status(lambda: guarded.own("POST", "/swiftlet/v1/keys", {"allow": ["fly"]})) == (400, "InvalidArgument")


def test_the_last_key_is_revoked_only_by_who_means_it(images):
    """A host of its own: it is open to all in the end."""
    program = subprocess.Popen(
        [ROOT / ".build/release/control-api-fixture", *images], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    host = Guarded("127.0.0.1:" + program.stdout.readline().strip())
    path = f"/swiftlet/v1/keys/{host.root['accessKeyId']}"
    assert status(lambda: host.own("DELETE", path)) == (409, "AccessKeyInUse")
    assert status(lambda: urllib.request.urlopen(f"http://{host.address}/2023-03-30/functions")) == (400, "MissingRequiredHeader")
    host.own("DELETE", path + "?open=true")
    urllib.request.urlopen(f"http://{host.address}/2023-03-30/functions").close()
    program.stdin.close()
    assert program.wait(timeout=30) == 0


@whole_host
def test_event_calls_are_signed_with_their_body(guarded, images):
    name = "call-" + uuid.uuid4().hex[:6]
    operator = guarded.client(guarded.root)
    operator.create_function(minimal(name, images[0]))
    caller = guarded.client(guarded.key(allow=["invoke"], functions=["call-*"]))
    event = bytes(range(256)) * 1000
    assert event in caller.invoke_function(name, m.InvokeFunctionRequest(body=event)).body.read()
    refused(lambda: guarded.client(guarded.key(allow=["read"])).invoke_function(name, m.InvokeFunctionRequest(body=b"x")), "AccessDenied", 403)
    path = f"/2023-03-30/functions/{name}/invocations"
    headers = sign(guarded.root, "POST", guarded.address, path, b"one")
    assert status(lambda: urllib.request.urlopen(urllib.request.Request(f"http://{guarded.address}{path}", b"two", headers))) == (403, "SignatureNotMatch")
    assert status(lambda: urllib.request.urlopen(urllib.request.Request(f"http://{guarded.address}{path}", b"two"))) == (400, "MissingRequiredHeader")
    # Without an HTTP trigger nobody has said that the function is open to all.
    assert status(lambda: urllib.request.urlopen(f"http://{guarded.address}/http/{name}/")) == (400, "MissingRequiredHeader")
    operator.delete_function(name)
