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
    /// It takes no more streams, and ends with the last that it has.
    private var isEnding = false
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
            if self.isEnding, self.streams == 0 { self.closeNow() }
        }
    }

    func handlerAdded(context: ChannelHandlerContext) { loop.add(self) }

    func channelInactive(context: ChannelHandlerContext) {
        loop.remove(self)
        context.fireChannelInactive()
    }

    /// A stream that was refused ends alone (RFC 9113 §5.4.2); SwiftNIO bounds how many of them a client may have in a time.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is NIOHTTP2Errors.StreamError { return }
        context.close(promise: nil)
    }

    func tick(_ now: NIODeadline) {
        if !isEnding, loop.hasLingered(now) || streams == 0 && now - idleSince > loop.options.keepAliveTime { end() }
    }

    /// The client is told that no stream is taken any more: those that it opens before it has heard of that are refused as not processed, so that it may
    /// open them elsewhere. RFC 9113 §6.8 and §8.7.
    private func end() {
        isEnding = true
        let goodbye = HTTP2Frame(streamID: .rootStream, payload: .goAway(lastStreamID: .maxID, errorCode: .noError, opaqueData: nil))
        channel.writeAndFlush(goodbye, promise: nil)
        if streams == 0 { closeNow() }
    }

    /// It goes when it has lingered.
    func stop() {}

    /// Its streams speak for themselves.
    var mayAsk: Bool { !isEnding }

    func closeNow() { channel.close(promise: nil) }
}
