# SPDX-License-Identifier: Apache-2.0
"""load.py URL THREADS: calls URL from so many threads until its input ends, then prints what came of it as one line of JSON.

A line of input is answered by the number of calls so far, so that who waits for some calls need not wait for a time.
"""
import http.client
import json
import sys
import threading
import urllib.parse

url, threads = urllib.parse.urlsplit(sys.argv[1]), int(sys.argv[2])
target = url.path + ("?" + url.query if url.query else "")
stop = threading.Event()
lock = threading.Lock()
versions, failures, calls = {}, [], 0


def work():
    global calls
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=60)
    while not stop.is_set():
        try:
            connection.request("POST", target, b"x")
            answer = connection.getresponse()
            body = answer.read()
            # A function's error has status 200.
            failed = answer.status != 200 or answer.getheader("x-fc-error-type") is not None
            version = answer.getheader("x-fc-invocation-function-version")
            with lock:
                calls += 1
                versions[version] = versions.get(version, 0) + 1
                if failed:
                    failures.append(f"{answer.status} {body[:300]!r}")
        except Exception as error:
            with lock:
                failures.append(repr(error))
            connection.close()


workers = [threading.Thread(target=work) for _ in range(threads)]
for worker in workers:
    worker.start()
for _ in sys.stdin:
    with lock:
        print(calls, flush=True)
stop.set()
for worker in workers:
    worker.join()
print(json.dumps({"calls": calls, "versions": versions, "failures": failures[:20], "failed": len(failures)}))
