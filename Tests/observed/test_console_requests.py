# SPDX-License-Identifier: Apache-2.0
"""What the console answers to requests that no page of it makes, without a browser."""
import re
import urllib.parse

from conftest import HOST, ask, call, must


def form(function, fields, headers):
    data = urllib.parse.urlencode(fields).encode()
    return ask("POST", f"/console/functions/{function}/stop", data, {"content-type": "application/x-www-form-urlencoded", **headers})


def test_a_form_from_elsewhere_does_nothing(function):
    call(function)
    _, headers, page = ask("GET", f"/console/functions/{function}")
    cookie = headers["set-cookie"].split(";")[0]
    assert "HttpOnly" in headers["set-cookie"] and "SameSite=Strict" in headers["set-cookie"]
    token = re.search(rb'name="token" value="(\w+)"', page)[1].decode()
    good = {"cookie": cookie, "origin": HOST, "sec-fetch-site": "same-origin"}
    for fields, headers in [
        ({}, good), ({"token": "0" * len(token)}, good), ({"token": token}, {**good, "cookie": ""}),
        ({"token": token}, {**good, "origin": "http://evil.example"}), ({"token": token}, {**good, "sec-fetch-site": "cross-site"}),
    ]:
        status, _, answer = form(function, fields, headers)
        assert status == 403, (fields, headers, answer)
        assert len(must("GET", f"/2023-03-30/functions/{function}/instances")["instances"]) == 1
    request = ask("POST", f"/console/functions/{function}/alias", b"", good)
    assert request[0] == 403
    # The real one does.
    form(function, {"token": token}, good)
    assert must("GET", f"/2023-03-30/functions/{function}/instances")["instances"] == []


def test_a_name_that_another_site_has_led_here_is_answered_nothing():
    status, _, answer = ask("GET", "/console/", headers={"host": "evil.example"})
    assert status == 403 and b"<table" not in answer


def test_pages_allow_no_script_of_their_own():
    for path in ["/console/", "/console/images", "/console/no-such-page"]:
        _, headers, page = ask("GET", path)
        policy = headers["content-security-policy"]
        assert "script-src 'self'" in policy and "unsafe-inline" not in policy and "frame-ancestors 'none'" in policy
        assert re.search(rb"<script(?![^>]*src=)|\son\w+=|style=", page) is None
        assert set(re.findall(rb'(?:src|href|action)="(?!/)([^"]*)', page)) <= {b"#main"}
