# SPDX-License-Identifier: Apache-2.0
"""HTTP triggers that ask for a JSON Web Token, by tokens of PyJWT: keys of every kind, and everything that must not pass."""
import http.client
import json
import os
import time

import jwt
import pytest
from alibabacloud_fc20230330 import models as m
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, HMACAlgorithm, RSAAlgorithm
from test_functions import minimal, refused
from test_triggers import made

whole_host = pytest.mark.skipif(not os.environ.get("SWIFTLET_HOST"), reason="the fixture takes no calls; scripts/test gives a whole host")

RSA, OTHER_RSA = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
EC = ec.generate_private_key(ec.SECP256R1())
SECRET = bytes(range(32))


def public(algorithm, key, kid, **more):
    return {**algorithm.to_jwk(key, as_dict=True), "kid": kid, **more}


KEYS = {"keys": [
    public(RSAAlgorithm, RSA.public_key(), "r", alg="RS256", use="sig"), public(ECAlgorithm, EC.public_key(), "e", alg="ES256"),
    public(HMACAlgorithm, SECRET, "h", alg="HS256")]}


def config(**rule):
    rule = {"jwks": KEYS, "tokenLookup": "header:Authorization:Bearer,cookie:session,query:token", "claimPassBy": "query:sub:user", **rule}
    return {"authType": "jwt", "methods": ["GET"], "authConfig": json.dumps(rule)}


@pytest.fixture()
def guarded(client, name, images):
    client.create_function(minimal(name, images[0]))
    client.create_trigger(name, made("web", "http", config()))
    yield name
    client.delete_trigger(name, "web")


def call(host, name, path="/x", **headers):
    connection = http.client.HTTPConnection(host, timeout=20)
    connection.request("GET", f"/http/{name}{path}", headers={key.replace("_", "-"): value for key, value in headers.items()})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def bearer(key, algorithm, kid, claims=None, **headers):
    token = jwt.encode({"sub": "ann", **(claims or {})}, key, algorithm=algorithm, headers={"kid": kid, **headers} if kid else headers)
    return f"Bearer {token}"


@whole_host
@pytest.mark.parametrize("key,algorithm,kid", [
    (RSA, "RS256", "r"), (EC, "ES256", "e"), (SECRET, "HS256", "h"), (RSA, "RS256", None), (EC, "ES256", None)])
def test_a_token_of_each_kind_passes_and_its_claim_too(host, guarded, key, algorithm, kid):
    status, text = call(host, guarded, "/x?a=1", Authorization=bearer(key, algorithm, kid, {"exp": int(time.time()) + 600}))
    assert status == 200 and "a=1" in text and "user=ann" in text, text


@whole_host
def test_a_token_is_found_in_a_cookie_and_in_the_query(host, guarded):
    token = bearer(SECRET, "HS256", "h").split()[1]
    assert call(host, guarded, Cookie=f"a=b; session={token}")[0] == 200
    assert call(host, guarded, f"/x?token={token}")[0] == 200


@whole_host
def test_what_must_not_pass(host, guarded):
    now = int(time.time())
    pem = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    # A public key is no secret: whoever takes it for one would let everybody sign.
    confused = jwt.api_jws.PyJWS()
    confused._algorithms["HS256"].prepare_key = lambda key: key
    by_public_key = confused.encode(json.dumps({"sub": "ann"}).encode(), pem, algorithm="HS256", headers={"kid": "r"})
    whole = bearer(RSA, "RS256", "r")
    for words in (
        None, "Bearer", "Bearer x.y.z", whole[len("Bearer "):], whole[:-4] + "AAAA", bearer(OTHER_RSA, "RS256", "r"),
        bearer(RSA, "RS384", "r"), bearer(RSA, "RS256", "unknown"), bearer(EC, "ES256", "r"), bearer(None, "none", "r"),
        f"Bearer {by_public_key}", bearer(RSA, "RS256", "r", {"exp": now - 1}), bearer(RSA, "RS256", "r", {"nbf": now + 600}),
        bearer(RSA, "RS256", "r", crit=["b"]),
    ):
        status, text = call(host, guarded, **({"Authorization": words} if words is not None else {}))
        assert status == 403 and json.loads(text)["Code"] == "AccessDenied", (words, text)


@whole_host
def test_paths_that_need_no_token(client, host, guarded):
    def put(**rule):
        client.update_trigger(guarded, "web", m.UpdateTriggerRequest(body=m.UpdateTriggerInput(trigger_config=json.dumps(config(**rule)))))

    put(whitelist=["/login", "/public/*"])
    assert [call(host, guarded, path)[0] for path in ("/login", "/public/a", "/login/x", "/private")] == [200, 200, 403, 403]
    put(blacklist=["/private/*"])
    assert [call(host, guarded, path)[0] for path in ("/private/a", "/other")] == [403, 200]


def test_rules_that_are_refused(client, name, images):
    client.create_function(minimal(name, images[0]))
    for rule, words in (
        ({"jwks": {"keys": []}}, "jwks.keys"), ({"tokenLookup": "body:x"}, "tokenLookup"), ({"claimPassBy": "header:sub:x-fc-request-id"}, "claimPassBy"),
        ({"whitelist": ["/a"], "blacklist": ["/b"]}, "exclude each other"), ({"issuer": "x"}, "issuer"),
        ({"jwks": {"keys": [{"kty": "oct", "k": "c2hvcnQ"}]}}, "32 bytes"),
        ({"jwks": {"keys": [public(RSAAlgorithm, RSA.public_key(), "r", alg="none")]}}, "none"),
    ):
        refused(lambda: client.create_trigger(name, made("web", "http", config(**rule))), "InvalidArgument", 400, words)
