// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import GRDB
import InvocationQueue
import Synchronization
import Testing

/// The embedded queue, in a folder of its own. Reopening leaves the old connections open and unused, as far as SQLite sees it the host was killed.
let embeddedQueue = TestedQueue(name: "embedded") { body in
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-queue-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    let open = Mutex<[EmbeddedQueue]>([])
    @Sendable func another() throws -> EmbeddedQueue {
        let queue = try EmbeddedQueue(path: folder + "/queue.db", now: time(0))
        open.withLock { $0.append(queue) }
        return queue
    }
    let result: Result<Void, any Error>
    do { result = .success(try await body(try another()) { try another() }) } catch { result = .failure(error) }
    for queue in open.withLock({ $0 }) { try queue.close() }
    try FileManager.default.removeItem(atPath: folder)
    try result.get()
}

private func withEmbedded(_ body: @Sendable (EmbeddedQueue) async throws -> Void) async throws {
    try await embeddedQueue.with { queue, _ in try await body(try #require(queue as? EmbeddedQueue)) }
}

@Suite struct EmbeddedQueueTests {
    @Test func anAcceptedInvocationIsSyncedToTheDisk() async throws {
        try await withEmbedded { queue in
            #expect(try await queue.enqueue(invocation("f", "t")) == .accepted)
            #expect(try await queue.synchronousMode() == 2, "PRAGMA synchronous must be FULL (2) where something is accepted")
            _ = try await queue.claim("f", at: 1)
            #expect(try await queue.synchronousMode() == 1)
            #expect(try await queue.enqueue(invocation("f", "u")) == .accepted)
            #expect(try await queue.synchronousMode() == 2)
        }
    }

    @Test func concurrentEnqueuesShareTransactions() async throws {
        try await withEmbedded { queue in
            let accepted = Atomic<Int>(0)
            await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
                for number in 0..<2000 {
                    do {
                        queue.enqueue(try invocation("f", "t\(number)")) { _ in
                            if accepted.add(1, ordering: .relaxed).newValue == 2000 { done.resume() }
                        }
                    } catch { Issue.record(error) }
                }
            }
            #expect(queue.transactions < 1000, "2000 enqueues at once took \(queue.transactions) transactions")
            let lane = try #require(try await queue.audit().first)
            #expect(lane.waiting == 2000)
        }
    }

    @Test func theBooksAgreeWithTheRows() async throws {
        try await withEmbedded { queue in
            for number in 0..<60 { _ = try await queue.enqueue(invocation("f\(number % 3)", "t\(number)")) }
            for lane in 0..<3 {
                for (index, claim) in try await queue.claim("f\(lane)", 12, at: 1).enumerated() {
                    switch index % 4 {
                    case 0: #expect(try await queue.end(claim, .succeeded, at: 2))
                    case 1: #expect(try await queue.end(claim, .failed, at: 2))
                    case 2: #expect(try await queue.retry(claim, at: 100, ended: 2))
                    default: break
                    }
                }
            }
            _ = try await queue.redrive(.dead(lane: "f1"), now: time(3))
            _ = try await queue.purge(.dead(lane: "f2"))
            let (audit, books) = (try await queue.audit(), try await queue.statistics())
            #expect(audit == books)
            let areConserved = audit.allSatisfy(\.isConserved)
            #expect(areConserved)
        }
    }
}
