// SPDX-License-Identifier: Apache-2.0
public import FunctionModel

/// An invocation as it is handed to the queue.
public struct NewInvocation: Hashable, Sendable {
    /// Whose turn it is counted in: a function's name, or `destination:HOST` for what is delivered to a URL.
    public var lane: String
    /// As the caller gave it; which version that means is decided when it runs.
    public var qualifier: String
    /// Unique in its lane for as long as the invocation is remembered.
    public var task: String
    /// Whether the caller chose `task`: it is then remembered also after success, so that it cannot be used again.
    public var hasOwnTask = false
    public var request: RequestID
    public var head: InvocationHead
    public var payload: [UInt8]
    public var accepted: Timestamp
    /// Not before this time.
    public var due: Timestamp
    /// A second invocation of the lane with the same key is not taken in, and answered as if it were the first.
    public var deduplication: String?
    /// How many destinations lie between this and what a caller sent.
    public var depth = 0
    /// The tick of a timer that this is for.
    public var tick: TimerTick?

    public init(
        lane: String, qualifier: String, task: String, request: RequestID, head: InvocationHead, payload: [UInt8], accepted: Timestamp,
        due: Timestamp? = nil
    ) {
        self.lane = lane
        self.qualifier = qualifier
        self.task = task
        self.request = request
        self.head = head
        self.payload = payload
        self.accepted = accepted
        self.due = due ?? accepted
    }
}

/// One tick of one timer. The queue takes the invocation of each tick once, and of no tick before the last one that it took.
public struct TimerTick: Hashable, Sendable {
    /// Of the timer; a timer that is made anew has another one.
    public var timer: String
    public var time: Timestamp

    public init(timer: String, time: Timestamp) { (self.timer, self.time) = (timer, time) }
}

/// What came of handing an invocation to the queue.
public enum Acceptance: Hashable, Sendable {
    /// It is on disk.
    case accepted
    /// The task id is taken, and still remembered.
    case taskExists
    /// The deduplication key, or the timer's tick, was taken in before, under this task id.
    case duplicate(of: String)
}
