// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
public import Logging
public import NATS
import Synchronization

/// The queue of several hosts, in NATS JetStream.
///
/// One stream in files is the log of everything that is asked of the queue: to take an invocation in, to claim, to settle. Each host follows it and carries
/// it out on tables of its own, all in the same order and with the same result, so that who gets what is decided by the stream's order and by nothing else.
/// A change is answered when the stream has acknowledged it and this host's tables have it. All that a message asks for happens, or none of it.
public final class SharedQueue: InvocationQueue, Sendable {
    public struct Options: Sendable {
        /// Of this host, in its cluster: what it ran when it ended is given back when it begins anew.
        public var host: String
        /// The file of this host's copy; its folder must exist.
        public var path: String
        /// How long a change is tried before whoever asked for it hears that it could not be stored.
        public var patience: Duration = .seconds(8)
        /// How large the log may grow before a copy takes its place.
        public var logBytes: Int64 = 256 << 20

        public init(host: String, path: String) { (self.host, self.path) = (host, path) }
    }

    let jetStream: JetStream
    let options: Options
    let stream: String
    let subject: String
    let snapshots: QueueSnapshots
    /// Of this opening.
    let session: String
    let book = OrderBook()
    let copy: Mutex<QueueCopy>
    let logger: Logger
    private let observer = Mutex<(@Sendable (String, Timestamp) -> Void)?>(nil)
    private let tasks = Mutex<[Task<Void, Never>]>([])

    private init(_ jetStream: JetStream, _ options: Options, _ copy: QueueCopy, session: String, _ logger: Logger) {
        let cluster = jetStream.client.cluster
        self.jetStream = jetStream
        self.options = options
        self.copy = Mutex(copy)
        self.session = session
        self.logger = logger
        stream = "\(cluster.name)-queue"
        subject = "\(cluster.name).queue"
        snapshots = QueueSnapshots(jetStream: jetStream, stream: "\(cluster.name)-queue-copies", subject: "\(cluster.name).copies")
    }

    /// Makes the streams where they are missing, follows the log to its end, and takes back what this host ran when it was last here.
    ///
    /// - Parameter random: names this opening.
    /// - Throws: ``NATSFailure``, ``JetStream/Refusal``; ``QueueError`` where the stream is not the one that the copy follows; `DatabaseError`.
    public static func open(
        _ jetStream: JetStream, _ options: Options, now: Timestamp, random: UInt64, logger: Logger
    ) async throws -> SharedQueue {
        let queue = SharedQueue(jetStream, options, try QueueCopy(path: options.path), session: String(random, radix: 36), logger)
        do {
            try await queue.begin(now)
            return queue
        } catch {
            try await queue.close()
            throw error
        }
    }

    private func begin(_ now: Timestamp) async throws {
        let replicas = jetStream.client.cluster.replicas
        let state = try await jetStream.make(.init(name: stream, subjects: [subject], replicas: replicas))
        try await snapshots.make(replicas: replicas)
        try await checkPlace(in: state)
        tasks.withLock { tasks in
            tasks = [
                Task { await self.write() }, Task { await self.read() }, every(.seconds(1)) { $0.giveUpOld() },
                every(.seconds(30)) { try await $0.replaceLogIfLong() },
            ]
        }
        _ = try await perform(.open(now: now))
    }

    private func every(_ pause: Duration, _ chore: @escaping @Sendable (SharedQueue) async throws -> Void) -> Task<Void, Never> {
        Task {
            while true {
                do { try await Task.sleep(for: pause) } catch { return }
                do { try await chore(self) } catch { logger.error("a chore of the shared queue failed", metadata: ["error": "\(error)"]) }
            }
        }
    }

    private func giveUpOld() {
        book.giveUp(
            olderThan: options.patience * 4,
            QueueError(description: "the log of the queue is stored, and cannot be read: whether this happened is not known yet"))
    }

    /// Ends everything; what nobody has heard of yet fails.
    public func close() async throws {
        let tasks = tasks.withLock { tasks in
            defer { tasks = [] }
            return tasks
        }
        book.close(QueueError(description: "the queue is closed"))
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
        try copy.withLock { $0 }.close()
    }

    public func observe(_ observer: @escaping @Sendable (String, Timestamp) -> Void) { self.observer.withLock { $0 = observer } }

    func tell(_ news: [String: Timestamp]) {
        guard !news.isEmpty, let observer = observer.withLock({ $0 }) else { return }
        for (lane, due) in news { observer(lane, due) }
    }

    /// Waits until the order is in the log and carried out here.
    func perform(_ order: QueueOrder) async throws -> QueueAnswer {
        try await withCheckedThrowingContinuation { done in
            book.add(.init(order: order) { done.resume(with: $0) })
        }
    }

    var tables: QueueTables { copy.withLock { $0 }.tables }
}
