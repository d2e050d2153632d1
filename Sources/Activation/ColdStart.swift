// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
public import NIOCore

/// Where the time of a call went that found no instance and had one started.
public struct ColdStart: Hashable, Sendable {
    public var instance: InstanceID
    public var request: RequestID
    /// Milliseconds since 1970, UTC.
    public var startedTime: Int64
    /// From the head of the request to the decision to start.
    public var route: TimeAmount
    /// Until the program was executed.
    public var launch: TimeAmount
    /// Until its port took the first connection.
    public var listen: TimeAmount
    /// Until the health check was content; 0 where none is configured.
    public var healthz: TimeAmount
    /// From there to the first byte of the answer.
    public var firstByte: TimeAmount
    public var total: TimeAmount { route + launch + listen + healthz + firstByte }

    public init(
        instance: InstanceID, request: RequestID, startedTime: Int64, route: TimeAmount, launch: TimeAmount, listen: TimeAmount,
        healthz: TimeAmount,
        firstByte: TimeAmount
    ) {
        self.instance = instance
        self.request = request
        self.startedTime = startedTime
        self.route = route
        self.launch = launch
        self.listen = listen
        self.healthz = healthz
        self.firstByte = firstByte
    }
}

/// The moments of one instance's start. All but the first are reached in this order or not at all.
public struct StartTimes: Hashable, Sendable {
    public var asked: NIODeadline
    public var started: NIODeadline?
    public var connected: NIODeadline?
    public var ready: NIODeadline?

    public init(asked: NIODeadline) { self.asked = asked }

    /// The record of the first call that this instance served.
    ///
    /// - Parameters:
    ///   - arrived: when the head of the request was read. A call that arrived after the start was asked for waited less than the whole of it:
    ///     only the parts since its arrival are counted.
    ///   - startedTime: wall clock at `arrived`, in milliseconds.
    /// - Returns: nil where the instance was ready before the call arrived.
    public func record(
        instance: InstanceID, request: RequestID, arrived: NIODeadline, firstByte: NIODeadline, startedTime: Int64
    ) -> ColdStart? {
        guard let started, let connected, let ready, arrived < ready else { return nil }
        func part(_ from: NIODeadline, _ to: NIODeadline) -> TimeAmount { max(from, arrived) < to ? to - max(from, arrived) : .zero }
        return ColdStart(
            instance: instance, request: request, startedTime: startedTime, route: part(arrived, asked), launch: part(asked, started),
            listen: part(started, connected), healthz: part(connected, ready), firstByte: part(ready, firstByte))
    }
}
