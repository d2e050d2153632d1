// SPDX-License-Identifier: Apache-2.0
internal import Logging
internal import NIOCore

/// Connections whose first bytes said HTTP/2 go on as channels, on an event loop of SwiftNIO's.
final class HTTP2TakeOver: Sendable {
    private let loop: NIOLoopBoundBox<GatewayLoop>
    private let logger: Logger

    init(_ loop: NIOLoopBoundBox<GatewayLoop>, _ logger: Logger) { (self.loop, self.logger) = (loop, logger) }

    /// - Parameters:
    ///   - descriptor: connected; it is the channel's from now on.
    ///   - bytes: what has been read of it.
    func take(_ descriptor: CInt, _ bytes: ByteBuffer) {
        // In one piece of the loop's work, so that nothing is read from the socket before these bytes have been.
        loop.eventLoop.execute { [self] in begin(descriptor, bytes) }
    }

    private func begin(_ descriptor: CInt, _ bytes: ByteBuffer) {
        loop.becomeChannel(descriptor) { try HTTP2Client.begin(on: $0, $1, scheme: "http") }.whenComplete { [logger] result in
            switch result {
            case .success(let channel):
                channel.pipeline.fireChannelRead(bytes)
                channel.pipeline.fireChannelReadComplete()
            case .failure(let error): logger.error("cannot speak HTTP/2: \(error)")
            }
        }
    }
}
