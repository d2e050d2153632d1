// SPDX-License-Identifier: Apache-2.0
public import FunctionModel

/// One attempt, as the history keeps it.
public struct AttemptRecord: Hashable, Sendable {
    public var started: Timestamp
    public var ended: Timestamp
    /// One word: `Succeeded`, `Failed`, `Throttled`, `Interrupted`, `Redriven`, `Stopped`, `Expired`, `Invalid`.
    public var result: String
    /// Code and sentence; empty where all went well.
    public var error: String
    /// Empty where no instance got it.
    public var instance: String

    public init(started: Timestamp, ended: Timestamp, result: String, error: String = "", instance: String = "") {
        self.started = started
        self.ended = ended
        self.result = result
        self.error = error
        self.instance = instance
    }
}

/// What a worker tells the queue when it has done with a claim. All of it happens in one transaction, or none of it.
public struct Settlement: Sendable {
    public enum Outcome: Hashable, Sendable {
        case retry(at: Timestamp, Tries)
        case ended(TaskStatus, Ending)
    }

    public struct Ending: Hashable, Sendable {
        /// The last bytes that the function answered, at most ``TaskRecord/responseBytes``.
        public var response: [UInt8]
        /// What goes to destinations is told here until it has gone: `Pending`, or empty where there is none.
        public var destination: String
        /// Until when a success is remembered; nil forgets it at once. What is dead is kept until somebody decides about it.
        public var keepUntil: Timestamp?

        public init(response: [UInt8] = [], destination: String = "", keepUntil: Timestamp? = nil) {
            self.response = response
            self.destination = destination
            self.keepUntil = keepUntil
        }

        /// Remembered for the usual time.
        public static func kept(from time: Timestamp) -> Ending {
            Ending(keepUntil: Timestamp(milliseconds: time.milliseconds + TaskRecord.keptFor))
        }
    }

    public var attempt: AttemptRecord
    public var outcome: Outcome
    /// What is to be enqueued with it, for example to a destination.
    public var follow: [NewInvocation]
    /// The task whose destination this settles, and how that went.
    public var delivered: (origin: InvocationHead.Origin, status: String)?

    public init(
        attempt: AttemptRecord, outcome: Outcome, follow: [NewInvocation] = [],
        delivered: (origin: InvocationHead.Origin, status: String)? = nil
    ) {
        self.attempt = attempt
        self.outcome = outcome
        self.follow = follow
        self.delivered = delivered
    }
}
