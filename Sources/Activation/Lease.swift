// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
public import NIOCore

/// One call's place on one instance. It is given back exactly once: by ``finish(_:)`` or by ``FunctionActivator/giveBack(_:because:waiter:)``.
public struct Lease: Sendable {
    public let instance: ActiveInstance
    /// Whether it is the first call that the instance gets.
    public let isFirst: Bool

    public var activator: FunctionActivator { instance.activator }

    /// Set for the first call that the instance gets: where the time of its start went.
    public var start: StartTimes? { isFirst ? instance.times : nil }

    /// How a call left its instance.
    public enum End: Sendable {
        case completed
        /// The client went away or the time limit passed: the program may still be at work on it.
        case abandoned
        /// The instance broke the connection.
        case broken
    }

    /// - Parameter now: the time, where the caller knows it.
    public func finish(_ end: End, now: NIODeadline? = nil) { activator.finish(self, end, now: now) }
}

/// What came of asking for an instance.
public enum Admission: Sendable {
    case granted(Lease)
    /// The waiter that was handed over is called later, exactly once, unless the call is cancelled before.
    case waiting(WaitingTicket)
    case refused(CallRefusal)
}

/// A call's place in the queue, to leave it with.
public struct WaitingTicket: Sendable {
    let call: Int
}

/// Why a call gets no instance.
public struct CallRefusal: Error, Sendable {
    public var error: ServiceError
    /// Whole seconds after which the same call may fare better.
    public var retryAfter: Int?
}

/// Takes the outcome of a call that had to wait, on the event loop that it names.
public struct CallWaiter: Sendable {
    let loop: any EventLoop
    let deliver: @Sendable (Result<Lease, CallRefusal>) -> Void

    public init(loop: any EventLoop, deliver: @escaping @Sendable (Result<Lease, CallRefusal>) -> Void) {
        self.loop = loop
        self.deliver = deliver
    }
}
