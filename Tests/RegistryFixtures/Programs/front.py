#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stands between a client and a real registry, and does what networks and registries do: breaks off, is busy, redirects, stalls.

Prints its port. Each request is a line of LOG: who was asked, method, path, range, and whether there was an Authorization header.
It is an HTTP proxy too: a request with a whole URL, or CONNECT, goes to the upstream, whatever its name.
"""
import argparse
import http.client
import http.server
import os
import socket
import ssl
import threading
import time

parser = argparse.ArgumentParser()
parser.add_argument("--upstream", required=True, help="HOST:PORT of a registry that speaks HTTP, or for CONNECT any")
parser.add_argument("--log", required=True)
parser.add_argument("--break-after", type=int, help="bytes of a blob after which its first connections are cut")
parser.add_argument("--breaks", type=int, default=1, help="how often that happens to each blob")
parser.add_argument("--no-ranges", action="store_true", help="forget the Range header")
parser.add_argument("--busy", type=int, default=0, help="so many first requests are answered 429")
parser.add_argument("--retry-after", default="0")
parser.add_argument("--redirect", action="store_true", help="blobs lie in a store of their own, which takes no Authorization")
parser.add_argument("--stall-after", type=int, help="bytes of blobs, of all together, after which nothing more comes")
parser.add_argument("--stall-each", type=int, help="the same, of each blob that is larger")
parser.add_argument("--stall-file", help="what stalls goes on when this file is there")
parser.add_argument("--spoil", help="one byte of the blob with this digest is another")
parser.add_argument("--spoil-last", help="the last byte of the blob with this digest is another")
parser.add_argument("--gather", type=int, help="layers wait until so many are asked for at once; the log counts the connections that were open together")
parser.add_argument("--tls", help="speak HTTPS, with PATH.pem and PATH.key; the store of --redirect speaks HTTP")
parser.add_argument("--referrers", help="a file: the answer to every list of referrers")
options = parser.parse_args()

host, port = options.upstream.rsplit(":", 1)
lock = threading.Lock()
cuts = {}
state = {"busy": options.busy, "sent": 0, "open": 0, "gathered": 0}
gathered = threading.Event()


def log(*words):
    with lock, open(options.log, "a") as file:
        file.write(" ".join(words) + "\n")


class Front(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    name = "front"

    def log_message(self, *_):
        pass

    def setup(self):
        super().setup()
        with lock:
            state["open"] += 1
            count = state["open"]
        if options.gather:
            log("open", str(count))

    def finish(self):
        with lock:
            state["open"] -= 1
        super().finish()

    def plain(self, status, body=b"", **headers):
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_CONNECT(self):
        log("proxy", "CONNECT", self.path)
        with socket.create_connection((host, int(port))) as other:
            self.send_response(200)
            self.end_headers()
            self.wfile.flush()

            def pump(source, target):
                try:
                    while data := source.recv(65536):
                        target.sendall(data)
                    target.shutdown(socket.SHUT_WR)
                except OSError:
                    pass

            back = threading.Thread(target=pump, args=(other, self.connection))
            back.start()
            pump(self.connection, other)
            back.join()
        self.close_connection = True

    def do_GET(self):
        path, who = self.path, self.name
        if path.startswith("http://"):
            who, path = "proxy", "/" + path.split("/", 3)[3]
        log(who, "GET", path, self.headers.get("Range", "-"), "authorization" if self.headers.get("Authorization") else "-")
        with lock:
            busy = state["busy"] > 0
            state["busy"] -= busy
        if busy:
            return self.plain(429, Retry_After=options.retry_after)
        if options.referrers and "/referrers/" in path:
            with open(options.referrers, "rb") as file:
                return self.plain(200, file.read(), Content_Type="application/vnd.oci.image.index.v1+json")
        if options.redirect and "/blobs/" in path and who == "front":
            self.forward(path, only_check=True)
        else:
            self.forward(path)

    def forward(self, path, only_check=False):
        upstream = http.client.HTTPConnection(host, int(port))
        left_out = ("host", "connection", "range") if options.no_ranges else ("host", "connection")
        headers = {key: ", ".join(self.headers.get_all(key)) for key in self.headers.keys() if key.lower() not in left_out}
        upstream.request("GET", path, headers=headers)
        answer = upstream.getresponse()
        if only_check and answer.status in (200, 206):
            upstream.close()
            token = self.headers.get("Authorization", "")
            store.passes[path] = token
            return self.plain(307, Location=f"http://127.0.0.1:{store.server_port}{path}?signature=abc")
        if options.gather and "/blobs/" in path and int(answer.getheader("Content-Length", "0")) > 100_000:
            with lock:
                state["gathered"] += 1
                if state["gathered"] >= options.gather:
                    gathered.set()
            gathered.wait(60)
        self.send_response(answer.status)
        for key, value in answer.getheaders():
            if key.lower() not in ("connection", "transfer-encoding"):
                self.send_header(key, value)
        self.end_headers()
        self.body(path, answer)
        upstream.close()

    def wait_for_file(self):
        """Whether the file came that ends the stall, within two minutes."""
        for _ in range(12_000):
            if options.stall_file and os.path.exists(options.stall_file):
                return True
            time.sleep(0.01)
        return False

    def body(self, path, answer):
        is_blob = "/blobs/" in path
        sent, spoiled = 0, False
        while data := answer.read(4096):
            if is_blob and options.break_after is not None and sent + len(data) > options.break_after:
                with lock:
                    cut = cuts.get(path, 0) < options.breaks
                    cuts[path] = cuts.get(path, 0) + cut
                if cut:
                    self.wfile.write(data[: max(0, options.break_after - sent)])
                    self.wfile.flush()
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True
                    return
            if is_blob and (options.stall_after is not None or options.stall_each is not None):
                with lock:
                    state["sent"] += len(data)
                    over = sent >= options.stall_each if options.stall_each is not None else state["sent"] > options.stall_after
                if over:
                    log("stalled", path)
                    if not self.wait_for_file():
                        self.close_connection = True
                        return
            if options.spoil and options.spoil in path and not spoiled:
                data, spoiled = bytes([data[0] ^ 1]) + data[1:], True
            if options.spoil_last and options.spoil_last in path and sent + len(data) == int(answer.getheader("Content-Length", "0")):
                data = data[:-1] + bytes([data[-1] ^ 1])
            self.wfile.write(data)
            sent += len(data)


class Store(Front):
    """Where redirected blobs lie: a request with an Authorization header is refused, as the blob stores of clouds do."""

    name = "store"

    def do_GET(self):
        path, _, query = self.path.partition("?")
        log("store", "GET", path, self.headers.get("Range", "-"), "authorization" if self.headers.get("Authorization") else "-")
        if self.headers.get("Authorization") or query != "signature=abc":
            return self.plain(400, b"only one way to prove who you are")
        token = store.passes.get(path, "")
        del self.headers["Host"]
        if token:
            self.headers["Authorization"] = token
        self.forward(path)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass  # A client that hangs up is what some tests are about.


store = Server(("127.0.0.1", 0), Store)
store.passes = {}
threading.Thread(target=store.serve_forever, daemon=True).start()
front = Server(("127.0.0.1", 0), Front)
if options.tls:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.tls + ".pem", options.tls + ".key")
    front.socket = context.wrap_socket(front.socket, server_side=True)
print(front.server_port, flush=True)
front.serve_forever()
