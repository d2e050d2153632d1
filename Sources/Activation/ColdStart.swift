// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
public import NIOCore
internal import Sandbox

/// Where the time of a call went that found no instance and had one started.
public struct ColdStart: Hashable, Sendable {
    /// The parts of the time from the head of the request to the first byte of the answer, in their order.
    public enum Phase: String, CaseIterable, Sendable {
        /// Until the start was decided.
        case route
        /// Until the instance's first process ran, in its cgroup and namespaces; of an instance that was parked, until it was let go.
        case launch
        /// Until its root was mounted and its filter loaded; 0 of one that was parked.
        case mounts
        /// Until the program was executed; 0 of one that was parked, where nobody waits to hear of it: it is a part of `listen` then.
        case exec
        /// Until its port took the first connection.
        case listen
        /// Until the health check was content; 0 where none is configured.
        case healthz
        /// From there to the first byte of the answer.
        case firstByte
    }

    public var instance: InstanceID
    public var request: RequestID
    /// Milliseconds since 1970, UTC.
    public var startedTime: Int64
    /// How long each phase took, in the order of ``Phase``.
    public var phases: [(phase: Phase, time: TimeAmount)] { zip(Phase.allCases, times).map { ($0, $1) } }
    public var total: TimeAmount { times.reduce(.zero, +) }
    private var times: [TimeAmount]

    /// - Parameter moments: the arrival of the request, then the end of each phase; none is before the one that precedes it.
    init(instance: InstanceID, request: RequestID, startedTime: Int64, moments: [NIODeadline]) {
        self.instance = instance
        self.request = request
        self.startedTime = startedTime
        times = zip(moments, moments.dropFirst()).map { $1 - $0 }
    }

    public subscript(phase: Phase) -> TimeAmount { phases.first { $0.phase == phase }?.time ?? .zero }
}

/// The moments of one instance's start. All but the first are reached in this order or not at all.
public struct StartTimes: Hashable, Sendable {
    public var asked: NIODeadline
    /// Both nil of an instance that was parked.
    private var cloned: NIODeadline?
    private var mounted: NIODeadline?
    private(set) var started: NIODeadline?
    public var connected: NIODeadline?
    public var ready: NIODeadline?

    public init(asked: NIODeadline) { self.asked = asked }

    /// From the execution of the program to the first connection; nil where there was none yet.
    var listenTime: TimeAmount? {
        guard let started, let connected else { return nil }
        return connected - started
    }

    mutating func started(at time: NIODeadline, _ setUp: SetUpTimes?) {
        started = time
        cloned = setUp.map { .uptimeNanoseconds($0.cloned) }
        mounted = setUp.map { .uptimeNanoseconds($0.mounted) }
    }

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
        let ends = [asked, cloned ?? started, mounted ?? started, started, connected, ready, firstByte]
        // The launcher's moments and ours are of one clock, but not of one thread: each counts from the one before it at the earliest.
        let moments = ends.reduce(into: [arrived]) { moments, end in moments.append(max(end, moments[moments.count - 1])) }
        return ColdStart(instance: instance, request: request, startedTime: startedTime, moments: moments)
    }
}
