// SPDX-License-Identifier: Apache-2.0
internal import NIOCore
internal import NIOPosix
internal import Sockets

/// A channel of SwiftNIO as a wire: TLS, or a stream of HTTP/2.
final class ChannelWire: ChannelInboundHandler, Wire {
    typealias InboundIn = ByteBuffer

    private var user: (any WireUser)?
    private var context: ChannelHandlerContext?
    private let attached: (ChannelWire) -> Void
    private var isBroken = false
    private var isReading = true
    private(set) var isWritable = false

    /// - Parameter attached: called when the channel's bytes come here.
    init(user: any WireUser, attached: @escaping (ChannelWire) -> Void) {
        self.user = user
        self.attached = attached
    }

    var peerAddress: String? { context?.channel.remoteAddress?.ipAddress }

    // MARK: What comes

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        isWritable = context.channel.isWritable
        attached(self)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { user?.received(unwrapInboundIn(data)) }

    func channelReadComplete(context: ChannelHandlerContext) { user?.receivedAll() }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        user?.writabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) { end() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        isBroken = true
        context.close(promise: nil)
    }

    private func end() {
        isWritable = false
        let user = self.user.take()
        user?.ended(broken: isBroken)
    }

    // MARK: What is asked for

    func write(_ bytes: ByteBuffer) { context?.write(NIOAny(bytes), promise: nil) }

    func send(_ bytes: consuming ByteBuffer) { context?.writeAndFlush(NIOAny(bytes), promise: nil) }

    /// At once where the channel lets us. One that is closed already has nothing left to read.
    func setReading(_ on: Bool) {
        guard isReading != on, let channel = context?.channel else { return }
        isReading = on
        if let options = channel.syncOptions {
            do { try options.setOption(.autoRead, value: on) } catch { return channel.close(promise: nil) }
            // A stream of HTTP/2 takes the option as a word about later reads only.
            if on { channel.read() }
        } else {
            channel.setOption(.autoRead, value: on).whenComplete { result in
                if case .failure = result { return channel.close(promise: nil) }
                if on { channel.read() }
            }
        }
    }

    func closeOutput() { context?.close(mode: .output, promise: nil) }

    func closeWhenWritten() {
        context?.writeAndFlush(NIOAny(ByteBuffer())).assumeIsolated().whenComplete { _ in self.close() }
    }

    func close() { context?.close(promise: nil) }

    func endOrdinarily() { if let channel = context?.channel { Lingering.ordinary(channel) } }
}
