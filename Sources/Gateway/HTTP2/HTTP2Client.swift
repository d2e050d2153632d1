// SPDX-License-Identifier: Apache-2.0
internal import Activation
internal import NIOCore
internal import NIOHTTP2

/// One HTTP/2 connection of a client. Its streams are clients of their own; what is kept here is how many there are, so that a connection without one is
/// closed in time, and none outlives the host.
final class HTTP2Client: ChannelInboundHandler, LoopClient {
    typealias InboundIn = HTTP2Frame

    private let loop: GatewayLoop
    private let channel: any Channel
    private var streams = 0
    private var idleSince: NIODeadline
    private var isStopping = false
    var place = 0

    private init(_ channel: any Channel, _ loop: GatewayLoop) {
        self.channel = channel
        self.loop = loop
        idleSince = loop.clock.now()
    }

    /// Makes a connection speak HTTP/2 from its first byte on.
    static func begin(on channel: any Channel, _ loop: GatewayLoop, scheme: StaticString) throws {
        let client = HTTP2Client(channel, loop)
        let bound = NIOLoopBound(client, eventLoop: loop.eventLoop)
        _ = try channel.pipeline.syncOperations.configureHTTP2Pipeline(
            mode: .server, connectionConfiguration: .init(), streamConfiguration: .init()
        ) { stream in
            stream.eventLoop.makeCompletedFuture {
                try stream.pipeline.syncOperations.addHandler(ClientStream())
                let connection = ClientConnection(loop: bound.value.loop, scheme: scheme, isStream: true)
                try stream.pipeline.syncOperations.addHandler(ChannelWire(user: connection) { connection.begin(on: $0) })
                bound.value.opened(stream)
            }
        }
        try channel.pipeline.syncOperations.addHandler(client)
    }

    private func opened(_ stream: any Channel) {
        streams += 1
        stream.closeFuture.assumeIsolated().whenComplete { _ in
            self.streams -= 1
            self.idleSince = self.loop.roughNow
            if self.isStopping, self.streams == 0 { self.closeNow() }
        }
    }

    func handlerAdded(context: ChannelHandlerContext) { loop.add(self) }

    func channelInactive(context: ChannelHandlerContext) {
        loop.remove(self)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func tick(_ now: NIODeadline) {
        if streams == 0, now - idleSince > loop.options.keepAliveTime || loop.hasLingered(now) { closeNow() }
    }

    func stop() {
        isStopping = true
    }

    /// Its streams speak for themselves; it is not waited for a next one longer than for a request on any idle connection.
    var mayAsk: Bool { !loop.hasLingered(loop.roughNow) }

    func closeNow() { channel.close(promise: nil) }
}
