# SPDX-License-Identifier: Apache-2.0
"""Custom domains over HTTPS, each with a certificate of its own: a whole host, the official SDK, and curl as the client."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest
from alibabacloud_fc20230330 import models as m
from alibabacloud_fc20230330.client import Client
from alibabacloud_tea_openapi.utils_models import Config
from test_functions import minimal, refused

ROOT = pathlib.Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(not os.environ.get("SWIFTLET_HOST"), reason="the fixture takes no calls; scripts/test gives a whole host")


@pytest.fixture(scope="module")
def pem():
    """Certificates that stand for themselves, by name, where the daemon's user can read them."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="swiftlet-pem-", dir=ROOT / "rootfs"))
    folder.chmod(0o755)

    def make(name, *hosts):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={name}",
             "-addext", "subjectAltName=" + ",".join(f"DNS:{host}" for host in hosts), "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"],
            check=True, capture_output=True)
        (folder / f"{name}.key").chmod(0o644)
    make("host", "plain.example", "f.localhost")
    make("shop", "shop.example")
    make("shop2", "shop.example")
    make("wild", "*.wild.example")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def secure(images, pem):
    """The host: its client, its plain address, the port of HTTPS, and its state folder."""
    folder = tempfile.mkdtemp(prefix="swiftlet-domains-", dir=ROOT / "rootfs")
    program = subprocess.Popen(
        [ROOT / ".build/release/swiftlet", "serve", "--listen", "127.0.0.1:0", "--listen-tls", "127.0.0.1:0", "--tls-certificate", pem / "host.pem",
         "--tls-key", pem / "host.key", "--state-dir", folder], stdout=subprocess.PIPE, text=True)
    text, addresses = "", {}
    while len(addresses) < 2:
        line = program.stdout.readline()
        assert line, text
        text += line
        addresses |= {scheme: address for scheme, address in re.findall(r"(https?)://([0-9.]+:\d+)", line)}
    address = addresses["http"]
    subprocess.run(
        [ROOT / ".build/release/swiftlet", "image", "load", ROOT / "images/hello.tar", "--name", images[0]], check=True,
        env={**os.environ, "SWIFTLET_HOST": f"http://{address}"})
    client = Client(Config(access_key_id="a", access_key_secret="s", endpoint=address, protocol="http", region_id="cn-local"))
    client.create_function(minimal("f", images[0]))
    yield client, address, int(addresses["https"].rsplit(":", 1)[1]), folder
    program.terminate()
    assert program.wait(timeout=30) == 0
    shutil.rmtree(folder)


def cert(pem, name, key=None):
    return m.CertConfig(cert_name=name, certificate=(pem / f"{name}.pem").read_text(), private_key=(pem / f"{key or name}.key").read_text())


def make(client, domain, protocol, certificate=None):
    body = m.CreateCustomDomainInput(
        domain_name=domain, protocol=protocol, cert_config=certificate,
        route_config=m.RouteConfig(routes=[m.PathConfig(path="/*", function_name="f")]))
    return client.create_custom_domain(m.CreateCustomDomainRequest(body=body)).body


def curl(host, authority, domain, scheme="https"):
    """The status of a call of a domain, 0 where the certificate is not the one that is believed."""
    port = host[2] if scheme == "https" else host[1].rsplit(":", 1)[1]
    done = subprocess.run(
        ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--noproxy", "*", "--resolve", f"{domain}:{port}:127.0.0.1", "--cacert", authority,
         f"{scheme}://{domain}:{port}/x"], capture_output=True, text=True)
    return int(done.stdout)


def test_each_domain_shows_its_own_certificate(secure, pem):
    client, _, _, folder = secure
    shop = make(client, "shop.example", "HTTPS", cert(pem, "shop"))
    assert shop.protocol == "HTTPS"
    assert (shop.cert_config.cert_name, shop.cert_config.certificate) == ("shop", (pem / "shop.pem").read_text())
    assert shop.cert_config.private_key is None
    make(client, "*.wild.example", "HTTP,HTTPS", cert(pem, "wild"))
    make(client, "plain.example", "HTTP,HTTPS")
    call = lambda authority, domain, *more: curl(secure, pem / f"{authority}.pem", domain, *more)
    assert call("shop", "shop.example") == 200 and call("host", "shop.example") == 0
    assert call("wild", "eu.wild.example") == 200 and call("host", "plain.example") == 200 and call("host", "f.localhost") == 200
    # By plain HTTP only where the domain says so.
    assert call("shop", "shop.example", "http") == 403
    assert call("wild", "eu.wild.example", "http") == 200 and call("host", "plain.example", "http") == 200

    update = lambda **fields: client.update_custom_domain("shop.example", m.UpdateCustomDomainRequest(body=m.UpdateCustomDomainInput(**fields))).body
    # The next connection sees a new certificate; one without its key keeps the key that it has.
    assert update(cert_config=cert(pem, "shop2")).cert_config.cert_name == "shop2"
    assert call("shop2", "shop.example") == 200 and call("shop", "shop.example") == 0
    renamed = m.CertConfig(cert_name="renamed", certificate=(pem / "shop2.pem").read_text())
    assert update(cert_config=renamed, protocol="HTTP,HTTPS").cert_config.cert_name == "renamed"
    assert call("shop2", "shop.example") == 200 and call("shop2", "shop.example", "http") == 200

    # No answer and no file has a key as it came.
    secret = (pem / "shop2.key").read_text().splitlines()[1]
    assert secret not in str(client.list_custom_domains(m.ListCustomDomainsRequest()).body.to_map())
    for path in pathlib.Path(folder, "data").glob("swiftlet.db*"):
        assert secret.encode() not in path.read_bytes()
    client.delete_custom_domain("shop.example")
    assert call("shop2", "shop.example") == 0


def test_what_is_no_certificate_or_has_another_key(secure, pem):
    client = secure[0]
    for certificate, words in (
        (m.CertConfig(cert_name="c", certificate="x", private_key=(pem / "shop.key").read_text()), ("certConfig.certificate", "PEM")),
        (m.CertConfig(cert_name="c", certificate=(pem / "shop.pem").read_text(), private_key="x"), ("certConfig.privateKey", "PEM")),
        (cert(pem, "shop", key="wild"), ("certConfig.privateKey", "does not belong")),
    ):
        refused(lambda: make(client, "bad.example", "HTTPS", certificate), "InvalidArgument", 400, *words)
