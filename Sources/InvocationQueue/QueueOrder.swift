// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import GRDB

/// One change of a queue that hosts share, as it stands in their log. Whoever carries out the same orders one after the other comes to the same queue.
enum QueueOrder: Sendable {
    /// A host begins: what it ran before is given back.
    case open(now: Timestamp)
    case enqueue(NewInvocation)
    case claim([LaneWant], until: Timestamp, now: Timestamp)
    case renew([InvocationLease], until: Timestamp)
    case settle(InvocationLease, Settlement)
    case reclaim(now: Timestamp)
    /// What follows is said beforehand: every host must enqueue the same.
    case stop(lane: String, task: String, now: Timestamp, follow: [NewInvocation])
    case forget(now: Timestamp)
    case redrive(TaskFilter, now: Timestamp)
    case purge(TaskFilter)
}

/// What came of an order.
enum QueueAnswer: Sendable {
    case done
    case acceptance(Acceptance)
    case claims([LaneClaims])
    /// Leases that are lost.
    case lost([InvocationLease])
    case settled(Bool)
    case count(Int)
    case stopped(StopOutcome)
    /// The numbers of those that were redriven or purged.
    case numbers([Int64])
}

extension QueueTransaction {
    /// - Parameter host: who ordered it.
    func carryOut(_ order: QueueOrder, of host: String) throws -> QueueAnswer {
        switch order {
        case .open(let now):
            for row in try rows("SELECT * FROM running WHERE owner = ?", [host]) { try giveBack(row, now: now) }
            return .done
        case .enqueue(let new): return .acceptance(try enqueue(new))
        case .claim(let wants, let until, let now): return .claims(try wants.map { try claim($0, until: until, now: now, for: host) })
        case .renew(let leases, let until): return .lost(try renew(leases, until: until))
        case .settle(let lease, let settlement): return .settled(try settle(lease, settlement))
        case .reclaim(let now): return .count(try reclaim(now: now))
        case .stop(let lane, let task, let now, let follow): return .stopped(try stop(lane: lane, task: task, now: now) { _ in follow })
        case .forget(let now): return .count(try forget(now: now))
        case .redrive(let filter, let now): return .numbers(try each(filter) { try redrive($0, now: now) })
        case .purge(let filter): return .numbers(try each(filter) { try purge($0) })
        }
    }
}
