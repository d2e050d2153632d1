// SPDX-License-Identifier: Apache-2.0
public import FunctionModel

/// Where an asynchronous invocation is in its life. Source: Function Compute contract §5.6.
public enum TaskStatus: String, Hashable, Sendable, CaseIterable {
    case enqueued = "Enqueued"
    case running = "Running"
    case retrying = "Retrying"
    case stopping = "Stopping"
    case succeeded = "Succeeded"
    case failed = "Failed"
    case stopped = "Stopped"
    case expired = "Expired"
    /// The function was deleted.
    case invalid = "Invalid"

    /// Whether it is kept as a dead letter.
    public var isDead: Bool {
        switch self {
        case .failed, .expired, .invalid: true
        case .enqueued, .running, .retrying, .stopping, .succeeded, .stopped: false
        }
    }
}

/// An invocation with everything that is known of it.
public struct TaskRecord: Hashable, Sendable {
    /// How much of an answer is kept.
    public static let responseBytes = 64 << 10
    /// How long what has ended is remembered, in milliseconds, unless it is dead. Source: Function Compute contract §9 (7 days).
    public static let keptFor: Int64 = 7 * 86_400_000

    /// Grows in the order of acceptance.
    public var number: Int64
    public var invocation: NewInvocation
    public var status: TaskStatus
    public var attempts: [AttemptRecord]
    /// Of the attempt that runs, or of the last one.
    public var started: Timestamp?
    public var ended: Timestamp?
    /// When it is tried next; nil where it does not wait.
    public var due: Timestamp?
    public var error: String
    public var response: [UInt8]
    public var destination: String
}

/// Which invocations a list shows, or an order is for.
public struct TaskFilter: Hashable, Sendable {
    /// Nil for all lanes.
    public var lane: String?
    public var qualifier: String?
    /// Of the task id.
    public var prefix = ""
    public var task: String?
    public var statuses: Set<TaskStatus> = []
    /// A part of the last error.
    public var error: String?
    /// By time of acceptance, both ends included.
    public var from: Timestamp?
    public var to: Timestamp?
    public var newestFirst = true
    public var withPayload = false
    public var limit = 20
    /// Only those behind this number, in the order asked for.
    public var after: Int64?

    public init(lane: String? = nil, statuses: Set<TaskStatus> = []) { (self.lane, self.statuses) = (lane, statuses) }

    /// Dead letters.
    public static func dead(lane: String?) -> TaskFilter { TaskFilter(lane: lane, statuses: [.failed, .expired, .invalid]) }
}

/// What came of stopping an invocation.
public enum StopOutcome: Hashable, Sendable {
    /// It waited, and will not run.
    case stopped
    /// Whoever runs it is told.
    case stopping
    case alreadyEnded(TaskStatus)
    case missing
}
