// SPDX-License-Identifier: Apache-2.0
public import FunctionModel

/// The counts of one lane. At any moment `accepted = waiting + running + done + dead + purged`.
public struct LaneStatistics: Hashable, Sendable {
    public var lane: String
    /// Ever.
    public var accepted: Int64 = 0
    public var waiting: Int64 = 0
    public var running: Int64 = 0
    /// Succeeded or stopped, ever.
    public var done: Int64 = 0
    /// Dead letters that are kept now.
    public var dead: Int64 = 0
    /// Dead letters that somebody threw away, ever.
    public var purged: Int64 = 0
    /// Attempts that were followed by another one, ever.
    public var retries: Int64 = 0
    /// When the one was accepted that waits at the head of the lane; nil where none waits.
    public var oldest: Timestamp?

    public init(lane: String) { self.lane = lane }

    public var isConserved: Bool { accepted == waiting + running + done + dead + purged }
}
