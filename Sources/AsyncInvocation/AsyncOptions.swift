// SPDX-License-Identifier: Apache-2.0
public import FunctionModel

/// What bounds the workers of a host.
public struct AsyncOptions: Sendable {
    /// Invocations of one function that run at once, where the function itself does not stand fewer.
    public var perFunction = 16
    /// Deliveries to one host of destinations at once.
    public var perDestination = 4
    /// Of all lanes together.
    public var total = 512
    /// Milliseconds. A claim is renewed three times within it for as long as its call runs, so it outlasts any function; it runs out only where this
    /// host is cut off from its queue.
    public var lease: Int64 = 60_000
    /// How many destinations may follow one another: a function that calls itself as its destination ends here.
    public var destinationDepth = 8
    /// How long running invocations may take when the host stops; what is left is tried again at the next start.
    public var drainTime: Duration = .seconds(10)
    /// Milliseconds for which a function that is not known here may still become known: where hosts share their definitions, an invocation can be here
    /// before its function is.
    public var definitionDelay: Int64 = 0
    /// What becomes of the ticks of timers that passed while no host ran.
    public var missedTicks = MissedTicks.once
    public var identity = HostIdentity()

    public init() {}
}

/// What becomes of the ticks of a timer that passed while no host ran.
public enum MissedTicks: String, Sendable, CaseIterable {
    /// One invocation stands for all of them.
    case once
    /// They are passed over.
    case skip
}
