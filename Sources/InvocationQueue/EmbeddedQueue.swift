// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
import GRDB
import Synchronization

/// The queue in a SQLite file of its own, so that definitions never wait for its traffic.
///
/// One connection writes. What is asked of it while it commits is gathered and shares the next transaction, and with it the sync to the disk: the more
/// ask at once, the less each of them waits. A transaction that claims or renews and does nothing else is not synced, since all that a power failure
/// could take from it is the claim.
public final class EmbeddedQueue: InvocationQueue, Sendable {
    /// Something to be done in the next transaction.
    struct Operation: Sendable {
        var needsSync: Bool
        /// Returns what is to be done once the transaction is on disk.
        var apply: @Sendable (QueueTransaction) throws -> @Sendable () -> Void
        var fail: @Sendable (any Error) -> Void
    }

    private struct Pending {
        var operations: [Operation] = []
        var isWorking = false
        var transactions = 0
    }

    /// The most operations in one transaction: past this the sync is shared by so many that nothing more is gained.
    private static let batchSize = 512

    let pool: DatabasePool
    var tables: QueueTables { QueueTables(pool: pool) }
    private let pending = Mutex(Pending())
    private let book: Mutex<LaneBook>
    private let observer = Mutex<(@Sendable (String, Timestamp) -> Void)?>(nil)

    /// Opens the file, makes it where it is missing, and gives back what was being worked on when it was last used.
    ///
    /// - Parameter path: the file; its folder must exist. One process at a time may have it open.
    /// - Throws: `DatabaseError`.
    public init(path: String, now: Timestamp) throws {
        pool = try DatabasePool(path: path, configuration: QueueTables.configuration())
        try QueueSchema.migrator.migrate(pool)
        let book = try pool.writeWithoutTransaction { database in
            // GRDB sets NORMAL on a pool after it is prepared, which does not sync at commit; what we have confirmed must be on disk.
            try database.execute(sql: "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -32768")
            var book = LaneBook()
            try database.inTransaction(.immediate) {
                try database.execute(sql: "UPDATE host SET opened = opened + 1")
                try Self.giveBackRunning(database, now: now)
                book = try LaneBook(database)
                return .commit
            }
            return book
        }
        self.book = Mutex(book)
    }

    /// - Throws: `DatabaseError` where a connection cannot be closed.
    public func close() throws { try pool.close() }

    public func observe(_ observer: @escaping @Sendable (String, Timestamp) -> Void) { self.observer.withLock { $0 = observer } }

    /// What SQLite was last told about syncing: 2 is FULL, 1 is NORMAL.
    package func synchronousMode() async throws -> Int {
        try await pool.writeWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA synchronous") ?? -1 }
    }

    /// Transactions since it was opened.
    package var transactions: Int { pending.withLock { $0.transactions } }

    // MARK: Transactions

    func perform(_ operation: Operation) {
        let mustStart = pending.withLock { pending in
            pending.operations.append(operation)
            defer { pending.isWorking = true }
            return !pending.isWorking
        }
        if mustStart { pool.asyncWriteWithoutTransaction { self.work($0) } }
    }

    /// The same for tasks: waits until the transaction is on disk.
    func perform<Value: Sendable>(
        needsSync: Bool = true, _ body: @escaping @Sendable (QueueTransaction) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { done in
            perform(
                Operation(
                    needsSync: needsSync,
                    apply: { transaction in
                        let value = try body(transaction)
                        return { done.resume(returning: value) }
                    }, fail: { done.resume(throwing: $0) }))
        }
    }

    private func work(_ database: Database) {
        while let batch = nextBatch() { commit(batch, database) }
    }

    private func nextBatch() -> [Operation]? {
        pending.withLock { pending in
            guard !pending.operations.isEmpty else {
                pending.isWorking = false
                return nil
            }
            let batch = Array(pending.operations.prefix(Self.batchSize))
            pending.operations.removeFirst(batch.count)
            pending.transactions += 1
            return batch
        }
    }

    /// All of a batch is committed, or none of it and each is told why.
    private func commit(_ batch: [Operation], _ database: Database) {
        let transaction = QueueTransaction(database, book.withLock { $0 })
        do {
            var afterwards: [@Sendable () -> Void] = []
            afterwards.reserveCapacity(batch.count)
            try transaction.setSync(batch.contains(where: \.needsSync))
            try database.inTransaction(.immediate) {
                for operation in batch { afterwards.append(try operation.apply(transaction)) }
                try transaction.writeCounts()
                return .commit
            }
            book.withLock { $0 = transaction.book }
            for done in afterwards { done() }
            tell(transaction.news)
        } catch {
            for operation in batch { operation.fail(error) }
        }
    }

    private func tell(_ news: [String: Timestamp]) {
        guard !news.isEmpty, let observer = observer.withLock({ $0 }) else { return }
        for (lane, due) in news { observer(lane, due) }
    }
}
