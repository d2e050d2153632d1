// SPDX-License-Identifier: Apache-2.0
internal import CSockets
internal import Glibc
package import NIOCore

/// A listening socket: takes the connections that come, and hands each on.
package final class SocketListener: PolledSocket {
    /// Connections taken in one turn; then the others come first.
    private static let atOnce = 64
    /// Connections that may wait in the kernel's queue.
    package static let backlog: CInt = 4096
    /// After the kernel had no room for another connection.
    private static let pause = TimeAmount.milliseconds(100)

    private let descriptor: CInt
    private let poll: SocketPoll
    private let loop: any EventLoop
    private var isOpen = true
    private let take: (CInt) -> Void

    /// - Parameters:
    ///   - descriptor: bound, listening and non-blocking; it is this listener's from now on.
    ///   - take: gets each connection, non-blocking, which is its own from then on.
    /// - Throws: `IOError` where the kernel watches no more descriptors.
    package init(_ descriptor: CInt, on poll: SocketPoll, _ loop: any EventLoop, take: @escaping (CInt) -> Void) throws {
        (self.descriptor, self.poll, self.loop, self.take) = (descriptor, poll, loop, take)
        try watch()
    }

    private func watch() throws { try poll.add(self, descriptor, UInt32(csockets_in), edge: false) }

    func isReady(_ events: UInt32) {
        for _ in 0..<Self.atOnce where isOpen {
            let connection = csockets_accept(descriptor)
            if connection >= 0 {
                take(connection)
                continue
            }
            switch errno {
            case EINTR, ECONNABORTED, EPROTO: continue
            case EAGAIN: return
            default: return rest()
            }
        }
    }

    /// No descriptors or no memory: whoever connects waits in the kernel's queue until some are free again.
    private func rest() {
        poll.remove(descriptor)
        loop.assumeIsolated().scheduleTask(in: Self.pause) { [weak self] in
            guard let self, self.isOpen else { return }
            do { try self.watch() } catch { self.rest() }
        }
    }

    /// Takes those who have connected so far, and no more: a close with any of them in the kernel's queue would reset it, with the request that it has
    /// sent. The bound is for a queue that fills as fast as it empties.
    package func close() {
        guard isOpen else { return }
        for _ in 0..<Self.backlog {
            let connection = csockets_accept(descriptor)
            if connection >= 0 { take(connection) } else if ![EINTR, ECONNABORTED, EPROTO].contains(errno) { break }
        }
        isOpen = false
        poll.remove(descriptor)
        Glibc.close(descriptor)
    }
}
