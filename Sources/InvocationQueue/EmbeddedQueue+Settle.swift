// SPDX-License-Identifier: Apache-2.0
import Foundation
public import FunctionModel
import GRDB

extension EmbeddedQueue {
    public func settle(_ lease: InvocationLease, _ settlement: Settlement) async throws -> Bool {
        try await perform { try $0.settle(lease, settlement) }
    }

    public func stop(
        lane: String, task: String, now: Timestamp, follow: @escaping @Sendable (TaskRecord) -> [NewInvocation]
    ) async throws -> StopOutcome {
        try await perform { try $0.stop(lane: lane, task: task, now: now, follow: follow) }
    }

    public func forget(now: Timestamp) async throws -> Int {
        var forgotten = 0
        while true {
            let batch = try await perform { try $0.forget(now: now) }
            forgotten += batch
            if batch < QueueTransaction.portion { return forgotten }
        }
    }
}

extension QueueTransaction {
    func settle(_ lease: InvocationLease, _ settlement: Settlement) throws -> Bool {
        let found = try rows("SELECT * FROM running WHERE number = ? AND epoch = ?", [lease.number, lease.epoch]).first
        guard let row = found else { return false }
        let lane: Int64 = row["lane"]
        let isStopping: Bool = row["stopping"]
        try run("DELETE FROM running WHERE number = ?", [lease.number])
        switch settlement.outcome {
        case .retry(let time, let tries) where !isStopping:
            try record(settlement.attempt, of: lease.number)
            try makeReady(lease.number, lane, due: time, tries)
            count(lane) { $0.retries += 1 }
            hasWork(try name(lane), due: time)
        case .retry:
            try record(settlement.attempt, of: lease.number)
            try end(lease.number, lane, .stopped, settlement.attempt, .kept(from: settlement.attempt.ended))
        case .ended(let status, let ending):
            if status != .succeeded || ending.keepUntil != nil { try record(settlement.attempt, of: lease.number) }
            try end(lease.number, lane, status, settlement.attempt, ending)
        }
        for new in settlement.follow { _ = try enqueue(new) }
        if let (origin, status) = settlement.delivered, let lane = book.numbers[origin.lane] {
            try run(
                "UPDATE ended SET destination = ? WHERE number = (SELECT number FROM invocation WHERE lane = ? AND task = ?)",
                [status, lane, origin.task])
        }
        return true
    }

    /// - Precondition: the invocation has a row in none of `ready`, `running` and `ended`.
    func end(_ number: Int64, _ lane: Int64, _ status: TaskStatus, _ attempt: AttemptRecord, _ ending: Settlement.Ending) throws {
        count(lane) { if status.isDead { $0.dead += 1 } else { $0.done += 1 } }
        if status == .succeeded, ending.keepUntil == nil { return try delete(number) }
        try run(
            "INSERT INTO ended VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                number, lane, status.rawValue, status.isDead, attempt.started.milliseconds, attempt.ended.milliseconds, attempt.error,
                Data(ending.response), ending.destination, status.isDead ? nil : ending.keepUntil?.milliseconds,
            ])
    }

    /// The first ``portion`` of what need not be remembered any more.
    func forget(now: Timestamp) throws -> Int {
        let old = try rows("SELECT number FROM ended WHERE keepUntil <= ? LIMIT ?", [now.milliseconds, Self.portion])
        for row in old { try delete(row["number"]) }
        return old.count
    }

    /// Forgets an invocation altogether.
    func delete(_ number: Int64) throws {
        try run("DELETE FROM ended WHERE number = ?", [number])
        try run("DELETE FROM attempt WHERE invocation = ?", [number])
        try run("DELETE FROM invocation WHERE number = ?", [number])
    }

    func record(_ attempt: AttemptRecord, of number: Int64) throws {
        try run(
            """
            INSERT INTO attempt SELECT ?1, ifnull(max(number), 0) + 1, ?2, ?3, ?4, ?5, ?6 FROM attempt WHERE invocation = ?1
            """,
            [
                number, attempt.started.milliseconds, attempt.ended.milliseconds, attempt.result, attempt.error, attempt.instance,
            ])
    }

    func stop(lane name: String, task: String, now: Timestamp, follow: (TaskRecord) -> [NewInvocation]) throws -> StopOutcome {
        var filter = TaskFilter(lane: name)
        filter.task = task
        filter.withPayload = true
        guard let lane = book.numbers[name], var found = try TaskQuery(filter).records(database).first else { return .missing }
        switch found.status {
        case .succeeded, .failed, .stopped, .expired, .invalid: return .alreadyEnded(found.status)
        case .running, .stopping:
            try run("UPDATE running SET stopping = 1 WHERE number = ?", [found.number])
            return .stopping
        case .enqueued, .retrying:
            try run("DELETE FROM ready WHERE number = ?", [found.number])
            let attempt = AttemptRecord(started: now, ended: now, result: TaskStatus.stopped.rawValue, error: "stopped before it ran")
            try record(attempt, of: found.number)
            found.status = .stopped
            found.attempts.append(attempt)
            let follow = follow(found)
            var ending = Settlement.Ending.kept(from: now)
            ending.destination = follow.isEmpty ? "" : "Pending"
            try end(found.number, lane, .stopped, attempt, ending)
            for new in follow { _ = try enqueue(new) }
            return .stopped
        }
    }
}
