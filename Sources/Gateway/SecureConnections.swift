// SPDX-License-Identifier: Apache-2.0
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import NIOTLS

/// Connections of clients over TLS: channels, on the event loops of SwiftNIO's.
struct SecureConnections: Sendable {
    let identity: TLSIdentity
    private let logger: Logger

    init(_ identity: TLSIdentity, _ logger: Logger) { (self.identity, self.logger) = (identity, logger) }

    /// - Parameter descriptor: connected; it is the channel's from now on.
    func serve(_ descriptor: CInt, on loop: NIOLoopBoundBox<GatewayLoop>) {
        loop.becomeChannel(descriptor, begin).whenFailure { [logger] in logger.error("a connection cannot be served: \($0)") }
    }

    private func begin(_ channel: any Channel, _ loop: GatewayLoop) throws {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(NIOSSLServerHandler(context: identity.context))
        let handshake = Handshake(channel, loop)
        let bound = NIOLoopBound((loop, handshake), eventLoop: channel.eventLoop)
        try pipeline.addHandler(
            ApplicationProtocolNegotiationHandler { result, channel in
                channel.eventLoop.makeCompletedFuture {
                    let (loop, handshake) = bound.value
                    channel.pipeline.syncOperations.removeHandler(handshake, promise: nil)
                    if case .negotiated("h2") = result { return try HTTP2Client.begin(on: channel, loop, scheme: "https") }
                    let client = ClientConnection(loop: loop, scheme: "https")
                    try channel.pipeline.syncOperations.addHandler(ChannelWire(user: client) { client.begin(on: $0) })
                }
            })
        try pipeline.addHandler(handshake)
    }
}

extension NIOLoopBoundBox<GatewayLoop> {
    /// A connected socket goes on as a channel, on this loop's event loop of SwiftNIO's.
    ///
    /// - Parameter begin: fills the channel's pipeline.
    func becomeChannel(
        _ descriptor: CInt, _ begin: @escaping @Sendable (any Channel, GatewayLoop) throws -> Void
    ) -> EventLoopFuture<any Channel> {
        ClientBootstrap(group: eventLoop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in channel.eventLoop.makeCompletedFuture { try begin(channel, self.value) } }
            .withConnectedSocket(descriptor)
    }
}
