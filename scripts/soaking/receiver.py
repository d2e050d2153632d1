# SPDX-License-Identifier: Apache-2.0
"""The destination of asynchronous invocations, outside of every host: it writes down what it hears."""
import base64
import collections
import hmac
import http.server
import json
import sys
import threading
import time


class Receiver(http.server.ThreadingHTTPServer):
    """The destination: which tasks have ended, and how often each was told."""
    daemon_threads = True
    request_queue_size = 512

    def __init__(self, address=("127.0.0.1", 0)):
        super().__init__(address, Heard)
        self.lock = threading.Lock()
        self.key = None
        self.told = collections.Counter()

    def handle_error(self, request, client_address):
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Heard(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        length = int(self.headers["content-length"])
        body = self.rfile.read(length)
        if len(body) < length:
            return  # The host was killed in the middle of it.
        if self.server.key is not None:
            # As Standard Webhooks have it: over id, time and body.
            signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + body
            good = "v1," + base64.b64encode(hmac.digest(self.server.key, signed, "sha256")).decode()
            assert hmac.compare_digest(self.headers["webhook-signature"], good), "a delivery with a wrong signature"
            assert abs(time.time() - int(self.headers["webhook-timestamp"])) < 60, "a delivery signed at another time"
        event = json.loads(body)
        assert event["specversion"] == "1.0" and event["type"] == "fc:AsyncInvoke:succeeded", event
        task = event["data"]["requestContext"]["taskId"]
        assert event["data"]["responsePayload"] == event["data"]["requestPayload"], event
        with self.server.lock:
            self.server.told[task] += 1
        self.send_response(204)
        self.end_headers()

    def log_message(self, *words):
        pass
