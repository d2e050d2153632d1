# SPDX-License-Identifier: Apache-2.0
"""Answers the code of a colour. The table is in the package `colours`, which is not in the image: it comes from a layer, under /opt/python."""
import os
import signal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import colours


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keeps connections alive

    def do_POST(self):
        name = self.rfile.read(int(self.headers.get("content-length", 0))).decode().strip()
        body = f"{name} is {colours.code(name)}, says {colours.__file__}\n".encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
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
