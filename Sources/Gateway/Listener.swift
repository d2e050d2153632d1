// SPDX-License-Identifier: Apache-2.0
internal import Logging
internal import NIOCore
internal import Sockets

/// A listening socket of the gateway's: one thread takes the connections that come, and spreads them over all.
final class Listener: Sendable {
    private enum State {
        case bound
        case listening(SocketListener)
        case closed
    }

    /// Gets a connected socket, which is its own from then on.
    typealias Serve = @Sendable (CInt) -> Void

    let address: SocketAddress
    private let descriptor: CInt
    private let home: SocketThread
    private let each: [Serve]
    private let state: NIOLoopBoundBox<State>

    /// - Parameters:
    ///   - descriptor: bound and listening; it is this listener's from now on.
    ///   - home: the thread that takes the connections.
    ///   - each: one for each event loop, at least one; they get the connections in turn.
    /// - Throws: `IOError` where the descriptor is no socket.
    init(_ descriptor: CInt, on home: SocketThread, _ each: [Serve]) throws {
        (self.descriptor, self.home, self.each) = (descriptor, home, each)
        address = try ListenerHandOver.address(of: descriptor)
        state = NIOLoopBoundBox.makeBoxSendingValue(.bound, eventLoop: home.loop)
    }

    func begin() async throws {
        try await home.loop.submit { [self] in
            guard case .bound = state.value else { throw ChannelError.alreadyClosed }
            var next = 0
            let listener = try SocketListener(descriptor, on: home.poll.value, home.loop) { [each] connection in
                next = next + 1 == each.count ? 0 : next + 1
                each[next](connection)
            }
            state.value = .listening(listener)
        }.get()
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
