// SPDX-License-Identifier: Apache-2.0
import FunctionModel

/// Orders as JSON; bytes of payloads and answers are gathered beside it.
struct OrderWriter {
    private(set) var bytes: [UInt8] = []

    mutating func json(_ order: QueueOrder) -> JSONValue {
        switch order {
        case .open(let now): ["open": time(now)]
        case .enqueue(let new): ["enqueue": json(new)]
        case .claim(let wants, let until, let now):
            [
                "claim": .array(wants.map { [.string($0.lane), .integer(Int64($0.count))] }), "until": time(until), "now": time(now),
            ]
        case .renew(let leases, let until): ["renew": .array(leases.map(json)), "until": time(until)]
        case .settle(let lease, let settlement): ["settle": json(lease), "with": json(settlement)]
        case .reclaim(let now): ["reclaim": time(now)]
        case .stop(let lane, let task, let now, let follow):
            ["stop": .string(task), "lane": .string(lane), "now": time(now), "follow": .array(follow.map { json($0) })]
        case .forget(let now): ["forget": time(now)]
        case .redrive(let filter, let now): ["redrive": json(filter), "now": time(now)]
        case .purge(let filter): ["purge": json(filter)]
        }
    }

    private func time(_ time: Timestamp) -> JSONValue { .integer(time.milliseconds) }

    private mutating func count(_ taken: [UInt8]) -> JSONValue {
        bytes += taken
        return .integer(Int64(taken.count))
    }

    private func json(_ lease: InvocationLease) -> JSONValue { [.integer(lease.number), .integer(lease.epoch)] }

    private func json(_ tries: Tries) -> JSONValue {
        [.integer(Int64(tries.failures)), .integer(Int64(tries.throttles)), time(tries.since)]
    }

    private mutating func json(_ new: NewInvocation) -> JSONValue {
        var members: [String: JSONValue] = [
            "lane": .string(new.lane), "task": .string(new.task), "request": .string(new.request.text), "accepted": time(new.accepted),
            "payload": count(new.payload),
        ]
        if !new.qualifier.isEmpty { members["qualifier"] = .string(new.qualifier) }
        if new.hasOwnTask { members["ownTask"] = true }
        if new.due != new.accepted { members["due"] = time(new.due) }
        if new.depth != 0 { members["depth"] = .integer(Int64(new.depth)) }
        members["head"] = new.head.json
        members["deduplication"] = new.deduplication.map { .string($0) }
        members["tick"] = new.tick.map { [.string($0.timer), time($0.time)] }
        return .object(members)
    }

    private mutating func json(_ settlement: Settlement) -> JSONValue {
        let attempt = settlement.attempt
        var members: [String: JSONValue] = [
            "attempt": [
                time(attempt.started), time(attempt.ended), .string(attempt.result), .string(attempt.error), .string(attempt.instance),
            ]
        ]
        switch settlement.outcome {
        case .retry(let at, let tries):
            members["at"] = time(at)
            members["tries"] = json(tries)
        case .ended(let status, let ending):
            members["status"] = .string(status.rawValue)
            members["response"] = count(ending.response)
            members["destination"] = .string(ending.destination)
            members["keep"] = ending.keepUntil.map(time)
        }
        if !settlement.follow.isEmpty { members["follow"] = .array(settlement.follow.map { json($0) }) }
        if let (origin, status) = settlement.delivered {
            members["delivered"] = [.string(origin.lane), .string(origin.task), .string(status)]
        }
        return .object(members)
    }

    private func json(_ filter: TaskFilter) -> JSONValue {
        var members: [String: JSONValue] = [
            "statuses": .array(filter.statuses.map(\.rawValue).sorted().map { .string($0) }), "limit": .integer(Int64(filter.limit)),
            "newest": .bool(filter.newestFirst), "prefix": .string(filter.prefix),
        ]
        members["lane"] = filter.lane.map { .string($0) }
        members["qualifier"] = filter.qualifier.map { .string($0) }
        members["task"] = filter.task.map { .string($0) }
        members["error"] = filter.error.map { .string($0) }
        members["from"] = filter.from.map(time)
        members["to"] = filter.to.map(time)
        members["after"] = filter.after.map { .integer($0) }
        return .object(members)
    }
}
