// SPDX-License-Identifier: Apache-2.0
import Activation
import FunctionModel
import Gateway
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

@Suite struct WebSocketTests {
    @Test func `a WebSocket passes bytes both ways until one side ends`() async throws {
        let server = try await UpgradingServer.start()
        try await TestHost.with([function("ws", on: nil) { $0.port = server }]) { (host: TestHost) async throws in
            let (head, first, echoed) = try await blocking {
                let client = try RawClient(port: host.port)
                try client.send(
                    "GET /chat HTTP/1.1\r\nHost: ws.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: abc\r\n"
                        + "Sec-WebSocket-Version: 13\r\n\r\n")
                var text = ""
                while !text.hasSuffix("hello") { text += String(decoding: try client.receive(), as: UTF8.self) }
                let end = text.firstRange(of: "\r\n\r\n")?.upperBound ?? text.endIndex
                let big = [UInt8](repeating: 0x42, count: 3 << 20)
                var echoed = 0
                for _ in 0..<3 {
                    try client.send(Array(big.prefix(1 << 16)))
                    var received = 0
                    while received < 1 << 16 { received += try client.receive().count }
                    echoed += received
                }
                return (String(text[..<end]), String(text[end...]), echoed)
            }
            #expect(head.hasPrefix("HTTP/1.1 101"))
            #expect(head.lowercased().contains("upgrade: websocket"))
            #expect(head.contains("Sec-WebSocket-Accept: ok"))
            #expect(first == "hello")
            #expect(echoed == 3 << 16)
            #expect(try await eventually { host.activation.instances().first?.inFlight == 0 }, "the end of the connection ends the call")
        }
    }

    @Test func `an upgrade to anything else is not passed on, and the connection still serves`() async throws {
        let backend = try await Backend.start { Backend.answer($0.headers.contains(name: "upgrade") ? "asked" : "plain") }
        try await TestHost.with([function("f", on: backend)]) { (host: TestHost) async throws in
            let answer = try await host.get(
                "f", "/", headers: "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n")
            #expect((answer.status, answer.text, answer.header("connection")) == (200, "plain", "close"))
        }
    }
}

/// Answers 101 to the first bytes of each connection, says hello in the same write, and echoes from then on.
private enum UpgradingServer {
    static func start() async throws -> Int {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Echo()) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return channel.localAddress?.port ?? 0
    }

    private final class Echo: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private var upgraded = false

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let answer =
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ok\r\n\r\nhello"
            context.writeAndFlush(upgraded ? data : wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
            upgraded = true
        }
    }
}
