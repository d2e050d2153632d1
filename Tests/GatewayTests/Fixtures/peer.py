# SPDX-License-Identifier: Apache-2.0
"""Servers and clients of other people's libraries, for the gateway to stand between: peer.py grpc-server | grpc-client PORT | ws-server | ws-client PORT.

A server prints its port and serves until its input ends; a client ends with status 0 where everything came through as it was sent."""
import asyncio
import sys
import threading


def grpc_server():
    import grpc
    from concurrent import futures

    def fail(request, context):
        context.set_trailing_metadata((("x-why", request.decode()),))
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not today")

    def slow(request, context):
        ended = threading.Event()
        context.add_callback(ended.set)
        print("cancelled" if ended.wait(30) else "waited", flush=True)
        return b""

    handlers = {
        "Echo": grpc.unary_unary_rpc_method_handler(lambda request, context: request),
        "Count": grpc.unary_stream_rpc_method_handler(lambda request, context: (str(n).encode() for n in range(int(request)))),
        "Chat": grpc.stream_stream_rpc_method_handler(lambda requests, context: (b"re: " + request for request in requests)),
        "Fail": grpc.unary_unary_rpc_method_handler(fail),
        "Slow": grpc.unary_unary_rpc_method_handler(slow),
    }
    server = grpc.server(futures.ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Test", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    sys.stdin.read()
    server.stop(None)


def grpc_client(port):
    import grpc
    options = [("grpc.default_authority", "f.localhost"), ("grpc.enable_http_proxy", 0)]
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
        echo = channel.unary_unary("/test.Test/Echo")
        for size in (0, 1, 1000, 300_000):
            assert echo(b"e" * size, timeout=30) == b"e" * size, f"echo of {size} bytes"
        calls = [echo.future(str(n).encode(), timeout=30) for n in range(50)]
        assert [call.result() for call in calls] == [str(n).encode() for n in range(50)], "50 calls at once"
        assert list(channel.unary_stream("/test.Test/Count")(b"100", timeout=30)) == [str(n).encode() for n in range(100)], "100 answers"
        answers = channel.stream_stream("/test.Test/Chat")(iter([b"one", b"two", b"three"]), timeout=30)
        assert list(answers) == [b"re: one", b"re: two", b"re: three"], "a conversation"
        try:
            channel.unary_unary("/test.Test/Fail")(b"because", timeout=30)
            raise AssertionError("a failure that succeeds")
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.FAILED_PRECONDITION, error
            assert error.details() == "not today", error
            assert ("x-why", "because") in [(key, value) for key, value in error.trailing_metadata()], error
        try:
            channel.unary_unary("/test.Test/Slow")(b"", timeout=0.3)
            raise AssertionError("a deadline that does not pass")
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, error


def ws_server():
    import websockets

    async def serve():
        async def answer(socket):
            async for message in socket:
                await socket.send(message)
        async with websockets.serve(answer, "127.0.0.1", 0, max_size=None) as server:
            print(server.sockets[0].getsockname()[1], flush=True)
            await asyncio.to_thread(sys.stdin.read)
    asyncio.run(serve())


def ws_client(port):
    import websockets

    async def talk():
        async with websockets.connect(f"ws://f.localhost:{port}/chat", host="127.0.0.1", max_size=None, ping_interval=0.2, proxy=None) as socket:
            for message in ("hello", "", "\u00e9" * 1000, b"\0" * 3_000_000):
                await socket.send(message)
                assert await socket.recv() == message, "an echo"
            assert await (await socket.ping()) >= 0
        assert socket.close_code == 1000, socket.close_code
    asyncio.run(talk())


if __name__ == "__main__":
    verb, *rest = sys.argv[1:]
    {"grpc-server": grpc_server, "grpc-client": grpc_client, "ws-server": ws_server, "ws-client": ws_client}[verb](*rest)
