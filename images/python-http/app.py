# SPDX-License-Identifier: Apache-2.0
"""An ordinary web application: it knows nothing of functions, and is called over HTTP with its own paths."""
import json
import os
import signal
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class App(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keeps connections alive

    def do_GET(self):
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        if url.path == "/healthz":
            self.answer(200, b"ok", "text/plain")
        elif url.path == "/stream":
            self.stream(int(query.get("n", ["5"])[0]), float(query.get("delay", ["0.2"])[0]))
        else:
            self.echo(b"")

    def do_POST(self):
        self.echo(self.rfile.read(int(self.headers.get("content-length", 0))))

    do_PUT = do_DELETE = do_PATCH = do_POST

    def stream(self, count, delay):
        """Server-sent events, each sent when it happens."""
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for number in range(count):
            data = f"data: {number}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.flush()
            time.sleep(delay)
        self.wfile.write(b"0\r\n\r\n")

    def echo(self, body):
        seen = {"method": self.command, "path": self.path, "headers": dict(self.headers), "body": body.decode("utf-8", "replace")}
        self.answer(200, json.dumps(seen, indent=1).encode(), "application/json")

    def answer(self, status, body, kind):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    Server(("0.0.0.0", int(os.environ.get("PORT", "9000"))), App).serve_forever()
