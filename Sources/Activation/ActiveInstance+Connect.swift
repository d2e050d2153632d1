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

    /// Asks the launcher for more; `then` runs on `home`, or for good never where the instance has ended by then and no socket came.
    func refillSockets(then: @escaping @Sendable () -> Void) {
        host.launcher.openSockets(id, count: Self.refill) { descriptors in
            let late = self.shared.withLock { shared in
                if shared.ended || descriptors.isEmpty {
                    shared.ended = shared.ended || descriptors.isEmpty
                    return true
                }
                shared.sockets += descriptors
                return false
            }
            if late { descriptors.forEach(LoopbackSocket.close) }
            self.home.execute { then() }
        }
    }
}
