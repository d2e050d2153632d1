// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import Logging
import NATS
import Synchronization

extension SharedQueue {
    /// How much of the log stays behind a copy, for hosts that are a little late.
    private static let logTail: Int64 = 1000

    func replaceLogIfLong() async throws {
        let state = try await jetStream.state(of: stream)
        let copied = try await snapshots.newest()?.bytes ?? 0
        guard state.bytes > max(options.logBytes, copied * 2) else { return }
        try await replaceLog()
    }

    /// Sends this host's copy and cuts off the log that it makes needless.
    package func replaceLog(keeping tail: Int64 = logTail) async throws {
        let newest = try await snapshots.send(copy.withLock { $0 }, beside: options.path)
        try await jetStream.purge(stream, before: max(1, newest.sequence - tail + 1))
        logger.info(
            "a copy of the queue has taken the place of its log", metadata: ["sequence": "\(newest.sequence)", "bytes": "\(newest.bytes)"])
    }

    /// This host was away for so long that the log has moved on, or it is new.
    func takeNewestCopy() async throws {
        guard let newest = try await snapshots.newest() else {
            throw QueueError(description: "the log '\(stream)' begins too late, and there is no copy to begin with")
        }
        let coming = options.path + ".coming"
        try await snapshots.receive(newest, at: coming)
        let old = copy.withLock { $0 }
        try old.close()
        for suffix in ["-wal", "-shm"] { unlink(options.path + suffix) }
        guard rename(coming, options.path) == 0 else { throw QueueError(description: "cannot put \(coming) in its place") }
        let new = try QueueCopy(path: options.path)
        copy.withLock { $0 = new }
        // What this host asked for is in there, and what came of it cannot be told any more.
        if let last = try await new.last(of: options.host, session) {
            book.giveUp(
                olderThan: .seconds(3600), upTo: last,
                QueueError(description: "this host was cut off from its queue: what came of the change is not known"))
        }
    }
}
