// SPDX-License-Identifier: Apache-2.0
internal import Activation
internal import NIOCore

/// A connection that has not finished its TLS handshake: it has as long for that as for a head, and then gives way to who speaks HTTP on it.
final class Handshake: ChannelInboundHandler, RemovableChannelHandler, LoopClient {
    typealias InboundIn = ByteBuffer

    private let loop: GatewayLoop
    private let channel: any Channel
    private let since: NIODeadline
    var place = 0

    init(_ channel: any Channel, _ loop: GatewayLoop) {
        self.channel = channel
        self.loop = loop
        since = loop.clock.now()
    }

    func handlerAdded(context: ChannelHandlerContext) { loop.add(self) }

    func handlerRemoved(context: ChannelHandlerContext) { loop.remove(self) }

    /// Whoever does not speak TLS, or not one of ours, is told so by TLS itself.
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func tick(_ now: NIODeadline) { if now - since > loop.options.headTime || loop.hasLingered(now) { closeNow() } }

    func stop() {}

    var mayAsk: Bool { true }

    func closeNow() { channel.close(promise: nil) }
}
