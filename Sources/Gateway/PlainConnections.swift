// SPDX-License-Identifier: Apache-2.0
internal import Logging
internal import NIOCore
internal import Sockets

/// Connections of clients without TLS: sockets that the gateway's thread reads and writes itself.
struct PlainConnections: Sendable {
    private let thread: SocketThread
    private let loop: NIOLoopBoundBox<GatewayLoop>
    private let logger: Logger

    init(_ thread: SocketThread, _ loop: NIOLoopBoundBox<GatewayLoop>, _ logger: Logger) {
        (self.thread, self.loop, self.logger) = (thread, loop, logger)
    }

    /// - Parameter descriptor: connected; it is the connection's from now on.
    func serve(_ descriptor: CInt) {
        if thread.loop.inEventLoop { return begin(descriptor) }
        thread.loop.execute { begin(descriptor) }
    }

    private func begin(_ descriptor: CInt) {
        let client = ClientConnection(loop: loop.value, scheme: "http")
        do { client.begin(on: try SocketConnection(descriptor, on: thread.poll.value, user: client)) } catch {
            logger.error("a connection cannot be served: \(error)")
        }
    }
}
