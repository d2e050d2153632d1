#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A token server for docker-registry: USER:PASSWORD gets a token for what is asked; nobody gets one that allows nothing. Prints its port.

Source: distribution, "Token Authentication Specification" and "Token Authentication Implementation". Tokens are signed by openssl.
"""
import argparse
import base64
import hashlib
import http.server
import json
import subprocess
import time
import urllib.parse

parser = argparse.ArgumentParser()
parser.add_argument("--key", required=True)
parser.add_argument("--certificate", required=True)
parser.add_argument("--login", required=True, help="USER:PASSWORD")
parser.add_argument("--refresh-token", help="an identity token that is as good as the login")
parser.add_argument("--log", required=True)
parser.add_argument("--expires", type=int, default=300)
options = parser.parse_args()
certificate = base64.b64encode(subprocess.run(
    ["openssl", "x509", "-in", options.certificate, "-outform", "DER"], check=True, capture_output=True).stdout).decode()


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def token(service, scopes, user):
    access = []
    for scope in scopes if user else []:
        kind, name, actions = scope.split(":")
        access.append({"type": kind, "name": name, "actions": actions.split(",")})
    now = int(time.time())
    head = {"typ": "JWT", "alg": "RS256", "x5c": [certificate]}
    claims = {
        "iss": "token-server", "sub": user, "aud": service, "exp": now + options.expires, "nbf": now - 10, "iat": now,
        "jti": hashlib.sha256(str(time.time_ns()).encode()).hexdigest(), "access": access}
    text = encoded(json.dumps(head).encode()) + b"." + encoded(json.dumps(claims).encode())
    signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", options.key], input=text, check=True, capture_output=True).stdout
    return (text + b"." + encoded(signature)).decode()


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def note(self, how):
        with open(options.log, "a") as file:
            file.write(f"{self.command} {how}\n")

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
        given = self.headers.get("Authorization", "")
        user = ""
        if given:
            if given != "Basic " + base64.b64encode(options.login.encode()).decode():
                self.note("refused")
                # What a careless server would say: the sender must not repeat it.
                return self.answer(401, {"errors": [{"code": "DENIED", "message": f"not {given}"}]})
            user = options.login.split(":")[0]
        self.note("login" if user else "anonymous")
        self.answer(200, {"token": token(query["service"][0], query.get("scope", []), user), "expires_in": options.expires})

    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        if form.get("refresh_token", [""])[0] != options.refresh_token or form["grant_type"] != ["refresh_token"]:
            self.note("refused")
            return self.answer(401, {"errors": []})
        self.note("refresh")
        self.answer(200, {"access_token": token(form["service"][0], form["scope"][0].split(), "robot"), "expires_in": options.expires})


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
