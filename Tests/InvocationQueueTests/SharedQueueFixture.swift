// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import InvocationQueue
import Logging
import NATS
import NIOPosix
import Synchronization

/// A server, and the hosts that share a queue on it.
final class SharedQueues: Sendable {
    let server: NATSServer
    private let open = Mutex<[(queue: SharedQueue, client: NATSClient)]>([])
    private let copies = Atomic<Int>(0)

    init(_ edition: NATSServer.Edition) async throws { server = try await NATSServer(edition) }

    /// - Parameter copy: names the file of the host's copy; a new one follows the log from its beginning.
    func open(_ host: String, copy: String, patience: Duration = .seconds(8)) async throws -> SharedQueue {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        guard let cluster = NATSCluster(server.url) else { throw NATSFailure.noServer(server.url) }
        let client = NATSClient(
            cluster, group: MultiThreadedEventLoopGroup.singleton, random: { .random(in: .min ... .max) }, logger: logger)
        var options = SharedQueue.Options(host: host, path: "\(server.folder)/\(copy).db")
        options.patience = patience
        let queue = try await SharedQueue.open(
            JetStream(client), options, now: time(0), random: .random(in: .min ... .max), logger: logger)
        open.withLock { $0.append((queue, client)) }
        return queue
    }

    /// Leaves nothing behind in NATS: for the others it is as if the host had been killed.
    func drop(_ queue: SharedQueue) async throws {
        try await queue.close()
        let entry = open.withLock { open in open.firstIndex { $0.queue === queue }.map { open.remove(at: $0) } }
        await entry?.client.close()
    }

    func end() async throws {
        for (queue, client) in open.withLock({ $0 }) {
            try await queue.close()
            await client.close()
        }
        try server.remove()
    }
}

func withSharedQueues(_ edition: NATSServer.Edition = .newest, _ body: @Sendable (SharedQueues) async throws -> Void) async throws {
    let queues = try await SharedQueues(edition)
    let result: Result<Void, any Error>
    do { result = .success(try await body(queues)) } catch { result = .failure(error) }
    try await queues.end()
    try result.get()
}

/// A host that begins again goes on with its copy.
let sharedQueueOnNewestServer = TestedQueue(name: "NATS, newest") { body in
    try await withSharedQueues { queues in
        let first = Mutex(try await queues.open("a", copy: "a"))
        try await body(first.withLock { $0 }) {
            try await queues.drop(first.withLock { $0 })
            let again = try await queues.open("a", copy: "a")
            first.withLock { $0 = again }
            return again
        }
    }
}

/// A host that begins again has lost its copy, and the log has been cut off behind the copy that it left in NATS.
let sharedQueueOnDebiansServer = TestedQueue(name: "NATS, Debian's") { body in
    try await withSharedQueues(.debian) { queues in
        let last = Mutex(try await queues.open("a", copy: "a0"))
        let opened = Mutex(0)
        try await body(last.withLock { $0 }) {
            let queue = last.withLock { $0 }
            try await queue.replaceLog(keeping: 0)
            try await queues.drop(queue)
            let count = opened.withLock { count in
                count += 1
                return count
            }
            let again = try await queues.open("a", copy: "a\(count)")
            last.withLock { $0 = again }
            return again
        }
    }
}
