// SPDX-License-Identifier: Apache-2.0
internal import LauncherClient
public import NIOCore
internal import Synchronization

/// No connection could be made to an instance that was ready before.
public enum ConnectFailure: Error, Sendable {
    /// Its program has ended, or nobody listens on its port any more.
    case unreachable
}

/// Connections for calls, made from any event loop.
extension ActiveInstance {
    /// Sockets asked for at once when the stock is used up.
    private static let refill = 8

    /// A connected, non-blocking descriptor; it is the receiver's.
    public func openConnection(on loop: any EventLoop) -> EventLoopFuture<CInt> {
        let promise = loop.makePromise(of: CInt.self)
        if let connected = shared.withLock({ $0.connected.take() }) {
            promise.succeed(connected)
        } else {
            connect(on: loop, promise)
        }
        return promise.futureResult
    }

    private func connect(on loop: any EventLoop, _ promise: EventLoopPromise<CInt>) {
        guard let socket = takeSocket() else {
            if hasEnded { return promise.fail(ConnectFailure.unreachable) }
            refillSockets { self.connect(on: loop, promise) }
            return
        }
        conclude(socket, LoopbackSocket.connect(socket, port: port), on: loop, promise, waited: .zero)
    }

    private func conclude(
        _ socket: CInt, _ outcome: LoopbackSocket.Outcome, on loop: any EventLoop, _ promise: EventLoopPromise<CInt>, waited: TimeAmount
    ) {
        switch outcome {
        case .connected: promise.succeed(socket)
        case .pending where waited < .seconds(10) && !hasEnded:
            // The program's accept queue is full: the kernel tries again by itself.
            let pause = max(.microseconds(200), min(.milliseconds(20), waited))
            loop.scheduleTask(in: pause) {
                self.conclude(socket, LoopbackSocket.state(of: socket, port: self.port), on: loop, promise, waited: waited + pause)
            }
        case .pending, .refused, .failed:
            LoopbackSocket.close(socket)
            promise.fail(ConnectFailure.unreachable)
        }
    }

    func takeSocket() -> CInt? { shared.withLock { $0.sockets.popLast() } }

    /// Has the launcher make more, once for all who wait by then; `then` runs on `home`, where there is a socket for it or the instance has ended.
    func refillSockets(then: @escaping @Sendable () -> Void) {
        let isFirst = shared.withLock { shared in
            shared.awaitSockets.append(then)
            return shared.awaitSockets.count == 1
        }
        if isFirst { askForSockets() }
    }

    /// As long as somebody waits, exactly one of these is under way.
    private func askForSockets() {
        let count = max(Self.refill, shared.withLock { $0.awaitSockets.count })
        host.launcher.openSockets(id, count: count) { descriptors in
            let (late, served, isMoreWanted) = self.shared.withLock { shared in
                shared.ended = shared.ended || descriptors.isEmpty
                if !shared.ended { shared.sockets += descriptors }
                let served = Array(shared.awaitSockets.prefix(shared.ended ? .max : descriptors.count))
                shared.awaitSockets.removeFirst(served.count)
                return (shared.ended, served, !shared.awaitSockets.isEmpty)
            }
            if late { descriptors.forEach(LoopbackSocket.close) }
            if isMoreWanted { self.askForSockets() }
            self.home.execute { for then in served { then() } }
        }
    }
}
