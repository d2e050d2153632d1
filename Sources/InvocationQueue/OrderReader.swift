// SPDX-License-Identifier: Apache-2.0
import FunctionModel

/// Reads what ``OrderWriter`` wrote, in the same order of fields: bytes are taken from `rest` as the text speaks of them.
struct OrderReader {
    var rest: ArraySlice<UInt8>

    mutating func order(_ json: JSONValue) throws -> QueueOrder {
        let members = json.object ?? [:]
        if let value = members["open"] { return .open(now: try time(value)) }
        if let value = members["enqueue"] { return .enqueue(try invocation(value)) }
        if let wants = members["claim"]?.array {
            return .claim(
                try wants.map { want in
                    guard let pair = want.array, pair.count == 2, let count = pair[1].integer else { throw Self.unreadable("a want") }
                    return LaneWant(lane: try text(pair[0]), count: count)
                }, until: try time(members["until"]), now: try time(members["now"]))
        }
        if let leases = members["renew"]?.array { return .renew(try leases.map(lease), until: try time(members["until"])) }
        if let value = members["settle"] { return .settle(try lease(value), try settlement(members["with"])) }
        if let value = members["reclaim"] { return .reclaim(now: try time(value)) }
        if let task = members["stop"]?.string {
            return .stop(
                lane: try text(members["lane"]), task: task, now: try time(members["now"]),
                follow: try (members["follow"]?.array ?? []).map { try invocation($0) })
        }
        if let value = members["forget"] { return .forget(now: try time(value)) }
        if let value = members["redrive"] { return .redrive(try filter(value), now: try time(members["now"])) }
        if let value = members["purge"] { return .purge(try filter(value)) }
        throw Self.unreadable("an order")
    }

    private static func unreadable(_ what: String) -> QueueError {
        QueueError(
            description: "the queue's log has \(what) that this Swiftlet does not know: hosts of one cluster must be of about one age")
    }

    private func time(_ value: JSONValue?) throws -> Timestamp {
        guard let number = value?.integer else { throw Self.unreadable("a time") }
        return Timestamp(milliseconds: Int64(number))
    }

    private func text(_ value: JSONValue?) throws -> String {
        guard let text = value?.string else { throw Self.unreadable("a text") }
        return text
    }

    private mutating func bytes(_ value: JSONValue?) throws -> [UInt8] {
        guard let count = value?.integer, count >= 0, count <= rest.count else { throw Self.unreadable("a count of bytes") }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    private func lease(_ value: JSONValue) throws -> InvocationLease {
        guard let pair = value.array, pair.count == 2, let number = pair[0].integer, let epoch = pair[1].integer else {
            throw Self.unreadable("a lease")
        }
        return InvocationLease(number: Int64(number), epoch: Int64(epoch))
    }

    private func tries(_ value: JSONValue?) throws -> Tries {
        guard let parts = value?.array, parts.count == 3, let failures = parts[0].integer, let throttles = parts[1].integer else {
            throw Self.unreadable("tries")
        }
        return Tries(failures: failures, throttles: throttles, since: try time(parts[2]))
    }

    private mutating func invocation(_ value: JSONValue?) throws -> NewInvocation {
        let members = value?.object ?? [:]
        guard let request = RequestID(try text(members["request"])), let head = InvocationHead(stored: members["head"]) else {
            throw Self.unreadable("an invocation")
        }
        let accepted = try time(members["accepted"])
        var new = NewInvocation(
            lane: try text(members["lane"]), qualifier: members["qualifier"]?.string ?? "", task: try text(members["task"]),
            request: request, head: head, payload: try bytes(members["payload"]), accepted: accepted)
        new.hasOwnTask = members["ownTask"]?.bool ?? false
        if let due = members["due"] { new.due = try time(due) }
        new.depth = members["depth"]?.integer ?? 0
        new.deduplication = members["deduplication"]?.string
        if let tick = members["tick"]?.array, tick.count == 2 { new.tick = TimerTick(timer: try text(tick[0]), time: try time(tick[1])) }
        return new
    }

    private mutating func settlement(_ value: JSONValue?) throws -> Settlement {
        let members = value?.object ?? [:]
        guard let parts = members["attempt"]?.array, parts.count == 5 else { throw Self.unreadable("an attempt") }
        let attempt = AttemptRecord(
            started: try time(parts[0]), ended: try time(parts[1]), result: try text(parts[2]), error: try text(parts[3]),
            instance: try text(parts[4]))
        let outcome: Settlement.Outcome
        if let at = members["at"] {
            outcome = .retry(at: try time(at), try tries(members["tries"]))
        } else {
            guard let status = TaskStatus(rawValue: try text(members["status"])) else { throw Self.unreadable("a status") }
            let response = try bytes(members["response"])
            outcome = .ended(
                status,
                .init(
                    response: response, destination: members["destination"]?.string ?? "",
                    keepUntil: try members["keep"].map { try time($0) }))
        }
        var settlement = Settlement(attempt: attempt, outcome: outcome)
        settlement.follow = try (members["follow"]?.array ?? []).map { try invocation($0) }
        if let parts = members["delivered"]?.array, parts.count == 3 {
            settlement.delivered = (.init(lane: try text(parts[0]), task: try text(parts[1])), try text(parts[2]))
        }
        return settlement
    }

    private func filter(_ value: JSONValue) throws -> TaskFilter {
        let members = value.object ?? [:]
        let statuses = try (members["statuses"]?.array ?? []).map { value in
            guard let status = TaskStatus(rawValue: try text(value)) else { throw Self.unreadable("a status") }
            return status
        }
        var filter = TaskFilter(lane: members["lane"]?.string, statuses: Set(statuses))
        filter.qualifier = members["qualifier"]?.string
        filter.prefix = members["prefix"]?.string ?? ""
        filter.task = members["task"]?.string
        filter.error = members["error"]?.string
        filter.from = try members["from"].map { try time($0) }
        filter.to = try members["to"].map { try time($0) }
        filter.newestFirst = members["newest"]?.bool ?? true
        filter.limit = members["limit"]?.integer ?? 20
        filter.after = members["after"]?.integer.map { Int64($0) }
        return filter
    }
}
