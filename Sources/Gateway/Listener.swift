// SPDX-License-Identifier: Apache-2.0
internal import Logging
internal import NIOCore
internal import Sockets

/// The plain listener: one thread takes the connections that come, and spreads them over all.
final class Listener: Sendable {
    private enum State {
        case bound
        case listening(SocketListener)
        case closed
    }

    typealias Thread = (thread: SocketThread, loop: NIOLoopBoundBox<GatewayLoop>)

    let address: SocketAddress
    private let descriptor: CInt
    private let threads: [Thread]
    private let state: NIOLoopBoundBox<State>
    private let logger: Logger

    /// - Parameters:
    ///   - descriptor: bound and listening; it is this listener's from now on.
    ///   - threads: at least one.
    /// - Throws: `IOError` where the descriptor is no socket.
    init(_ descriptor: CInt, _ threads: [Thread], _ logger: Logger) throws {
        (self.descriptor, self.threads, self.logger) = (descriptor, threads, logger)
        address = try ListenerHandOver.address(of: descriptor)
        state = NIOLoopBoundBox.makeBoxSendingValue(.bound, eventLoop: threads[0].thread.loop)
    }

    private var home: SocketThread { threads[0].thread }

    func begin() async throws {
        try await home.loop.submit { [self] in
            guard case .bound = state.value else { throw ChannelError.alreadyClosed }
            var next = 0
            let listener = try SocketListener(descriptor, on: home.poll.value, home.loop) { [threads, logger] connection in
                next = next + 1 == threads.count ? 0 : next + 1
                let (thread, loop) = threads[next]
                if thread.loop.inEventLoop { return Self.serve(connection, thread, loop, logger) }
                thread.loop.execute { Self.serve(connection, thread, loop, logger) }
            }
            state.value = .listening(listener)
        }.get()
    }

    private static func serve(_ descriptor: CInt, _ thread: SocketThread, _ loop: NIOLoopBoundBox<GatewayLoop>, _ logger: Logger) {
        let client = ClientConnection(loop: loop.value, scheme: "http")
        do { client.begin(on: try SocketConnection(descriptor, on: thread.poll.value, user: client)) } catch {
            logger.error("a connection cannot be served: \(error)")
        }
    }

    /// When this returns, nobody is heard any more who comes.
    func close() async {
        await withCheckedContinuation { done in
            home.loop.execute { [self] in
                switch state.value {
                case .bound: ListenerHandOver.close(descriptor)
                case .listening(let listener): listener.close()
                case .closed: break
                }
                state.value = .closed
                done.resume()
            }
        }
    }
}
