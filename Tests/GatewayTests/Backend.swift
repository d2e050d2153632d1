// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// What a test opens when the other side may go on: no test waits for a length of time instead.
struct Gate: Sendable {
    private let promise = MultiThreadedEventLoopGroup.singleton.any().makePromise(of: Void.self)
    var opened: EventLoopFuture<Void> { promise.futureResult }
    func open() { promise.succeed() }
}

/// The server "inside an image": raw bytes out, so that it can answer well, badly, slowly or not at all.
final class Backend: Sendable {
    struct Request: Sendable {
        var method: String
        var target: String
        var headers: HTTPHeaders
        var body: String
        var bodyBytes: Int
        var trailers: HTTPHeaders = [:]
        /// Which connection, and which request on it, both from 0.
        var connection: Int
        var number: Int
    }

    enum Step: Sendable {
        case send(String)
        case sendZeros(Int)
        case wait(TimeAmount)
        /// Until the test opens it.
        case hold(Gate)
        case close
    }

    static func answer(_ body: String, status: String = "200 OK", headers: String = "") -> [Step] {
        [.send("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)")]
    }

    private let channel: any Channel
    let seen: Mutex<[Request]> = Mutex([])
    let connections: Atomic<Int> = Atomic(0)
    /// Connections that have ended again.
    let ended: Atomic<Int> = Atomic(0)
    /// Bytes of zeros that the server's socket has taken.
    let zerosSent: Atomic<Int> = Atomic(0)
    let port: Int

    var requests: [Request] { seen.withLock { $0 } }

    private init(_ channel: any Channel) {
        self.channel = channel
        port = channel.localAddress?.port ?? 0
    }

    static func start(unixSocket: String? = nil, _ script: @escaping @Sendable (Request) -> [Step]) async throws -> Backend {
        let made = Mutex<Backend?>(nil)
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes)))
                    try channel.pipeline.syncOperations.addHandler(BackendHandler(script) { made.withLock { $0 } })
                }
            }
        let channel =
            if let unixSocket { try await bootstrap.bind(unixDomainSocketPath: unixSocket).get() } else {
                try await bootstrap.bind(host: "127.0.0.1", port: 0).get()
            }
        let backend = Backend(channel)
        made.withLock { $0 = backend }
        return backend
    }

    func stop() async throws { try await channel.close() }
}

private final class BackendHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer
    private let script: @Sendable (Backend.Request) -> [Backend.Step]
    private let backend: () -> Backend?
    private var request = Backend.Request(method: "", target: "", headers: [:], body: "", bodyBytes: 0, connection: -1, number: -1)
    private var body: [UInt8] = []

    init(_ script: @escaping @Sendable (Backend.Request) -> [Backend.Step], backend: @escaping () -> Backend?) {
        self.script = script
        self.backend = backend
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            if request.connection < 0, let backend = backend() {
                request.connection = backend.connections.add(1, ordering: .relaxed).oldValue
            }
            (request.method, request.target, request.headers) = (head.method.rawValue, head.uri, head.headers)
            (request.body, request.bodyBytes, body) = ("", 0, [])
            request.number += 1
        case .body(let bytes):
            request.bodyBytes += bytes.readableBytes
            if request.bodyBytes < 100_000 { body += bytes.readableBytesView }
        case .end(let trailers):
            // As a whole: a character may come in two pieces.
            request.body = String(decoding: body, as: UTF8.self)
            request.trailers = trailers ?? [:]
            backend()?.seen.withLock { $0.append(request) }
            run(script(request)[...], context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) { backend()?.ended.add(1, ordering: .relaxed) }

    private func run(_ steps: ArraySlice<Backend.Step>, _ context: ChannelHandlerContext) {
        guard let step = steps.first else { return }
        let rest = steps.dropFirst()
        switch step {
        case .send(let text):
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
            run(rest, context)
        case .sendZeros(let count):
            // One piece after the other, each when the last has gone out: a server that honours back-pressure.
            let piece = min(count, 256 << 10)
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(repeating: 0x30, count: piece))).assumeIsolated().whenSuccess {
                self.backend()?.zerosSent.add(piece, ordering: .relaxed)
                self.run((count > piece ? [.sendZeros(count - piece)] : []) + rest, context)
            }
        case .wait(let time): context.eventLoop.assumeIsolated().scheduleTask(in: time) { self.run(rest, context) }
        case .hold(let gate): gate.opened.hop(to: context.eventLoop).assumeIsolated().whenSuccess { self.run(rest, context) }
        case .close: context.close(promise: nil)
        }
    }
}
