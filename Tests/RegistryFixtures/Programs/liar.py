#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A registry that says what a test wants: ANSWERS, a file of JSON, has for the end of a path what is answered. Prints its port.

{"manifests/1": {"status": 200, "headers": {…}, "body": "…", "padding": 0, "echo": false}}: as many blanks as `padding` follow the body; with `echo` the
body is an error in a registry's form that repeats the login that came. Each request is a line of LOG.
"""
import argparse
import base64
import http.server
import json
import ssl

parser = argparse.ArgumentParser()
parser.add_argument("--answers", required=True)
parser.add_argument("--log", required=True)
parser.add_argument("--tls", help="speak HTTPS, with PATH.pem and PATH.key")
options = parser.parse_args()
with open(options.answers) as file:
    answers = json.load(file)


class Liar(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        with open(options.log, "a") as file:
            file.write(self.path + "\n")
        answer = next((value for end, value in answers.items() if self.path.endswith(end)), {"status": 404})
        body = answer.get("body", "").encode() + b" " * answer.get("padding", 0)
        login = self.headers.get("Authorization", "").removeprefix("Basic ")
        if answer.get("echo") and login:
            body = json.dumps({"errors": [{"code": "DENIED", "message": "not by " + base64.b64decode(login).decode()}]}).encode()
        self.send_response(answer.get("status", 200))
        for name, value in answer.get("headers", {}).items():
            self.send_header(name, value)
        # Without a length, so that nothing but the bytes says how many there are.
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for start in range(0, len(body), 65536):
            part = body[start:start + 65536]
            self.wfile.write(b"%x\r\n" % len(part) + part + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # A client that hangs up is what some tests are about.


server = Server(("127.0.0.1", 0), Liar)
if options.tls:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.tls + ".pem", options.tls + ".key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
