# SPDX-License-Identifier: Apache-2.0
"""An event handler on Python's own HTTP server: edit handle(), leave the rest."""
import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def handle(event: bytes, headers) -> bytes:
    """One invocation: takes the event's bytes and gives the answer's."""
    request = headers.get("x-fc-request-id", "")
    print(f"request {request}: {len(event)} bytes", flush=True)
    value = json.loads(event or b"null")
    if isinstance(value, dict) and "fail" in value:
        raise ValueError(value["fail"])
    return json.dumps({"you sent": value, "request": request, "python": sys.version.split()[0]}).encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keeps connections alive

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path != "/invoke":
            return self.answer(404, b"events come to /invoke\n")
        try:
            self.answer(200, handle(body, self.headers))
        except Exception as error:  # whatever a handler raises is an answer that says so
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            text = json.dumps({"errorType": type(error).__name__, "errorMessage": str(error)}).encode()
            # This header makes it an error of the function, whose X-Fc-Error-Type the caller sees.
            self.answer(200, text, {"x-fc-status": "404"})

    def do_GET(self):
        if self.path == "/healthz":
            return self.answer(200, b"ok")
        self.answer(404, b"events come to POST /invoke\n")

    def answer(self, status, body, headers={}):
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass  # the host writes a line about each invocation already


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    Server(("0.0.0.0", int(os.environ.get("PORT", "9000"))), Handler).serve_forever()
