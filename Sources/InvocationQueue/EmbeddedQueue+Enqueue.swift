// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
import GRDB

extension EmbeddedQueue {
    public func enqueue(_ invocation: NewInvocation, then: @escaping @Sendable (Result<Acceptance, any Error>) -> Void) {
        perform(
            Operation(
                needsSync: true,
                apply: { transaction in
                    let acceptance = try transaction.enqueue(invocation)
                    return { then(.success(acceptance)) }
                }, fail: { then(.failure($0)) }))
    }

    public func lastTicks() async throws -> [String: Timestamp] { try await tables.lastTicks() }
}

extension QueueTransaction {
    func enqueue(_ new: NewInvocation) throws -> Acceptance {
        if let tick = new.tick, try !isNew(tick) { return .duplicate(of: new.task) }
        let lane = try lane(new.lane)
        let before = database.totalChangesCount
        var insert = try BoundStatement(
            """
            INSERT OR IGNORE INTO invocation (lane, task, ownTask, request, qualifier, accepted, head, deduplication, depth, payload)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, database)
        try insert.bind(lane)
        try insert.bind(new.task)
        try insert.bind(new.hasOwnTask ? 1 : 0)
        try insert.bind(new.request.text)
        try insert.bind(new.qualifier)
        try insert.bind(new.accepted.milliseconds)
        try insert.bind(new.head.json?.text)
        try insert.bind(new.deduplication)
        try insert.bind(Int64(new.depth))
        try insert.run(lastly: new.payload)
        guard database.totalChangesCount > before else { return try whatIsThere(new, lane) }
        try makeReady(database.lastInsertedRowID, lane, due: new.due, Tries(since: new.accepted))
        count(lane) { $0.accepted += 1 }
        hasWork(new.lane, due: new.due)
        return .accepted
    }

    func makeReady(_ number: Int64, _ lane: Int64, due: Timestamp, _ tries: Tries) throws {
        var insert = try BoundStatement("INSERT INTO ready VALUES (?, ?, ?, ?, ?, ?)", database)
        try insert.bind(number)
        try insert.bind(lane)
        try insert.bind(due.milliseconds)
        try insert.bind(tries.since.milliseconds)
        try insert.bind(Int64(tries.failures))
        try insert.bind(Int64(tries.throttles))
        try insert.run()
    }

    /// Notes a tick, unless it or a later one was noted before.
    private func isNew(_ tick: TimerTick) throws -> Bool {
        try run(
            "INSERT INTO timer VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET last = excluded.last WHERE last < excluded.last",
            [tick.timer, tick.time.milliseconds])
        return database.changesCount > 0
    }

    private func whatIsThere(_ new: NewInvocation, _ lane: Int64) throws -> Acceptance {
        guard let key = new.deduplication,
            let task = try String.fetchOne(
                database, sql: "SELECT task FROM invocation WHERE lane = ? AND deduplication = ?", arguments: [lane, key])
        else { return .taskExists }
        return .duplicate(of: task)
    }
}
