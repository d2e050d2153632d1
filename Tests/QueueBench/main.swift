// SPDX-License-Identifier: Apache-2.0
// queue-bench FOLDER PRODUCERS COUNT BACKLOG: measures the embedded queue by itself and prints the figures as one JSON object.
// Every enqueue counts when it is on disk. `scripts/bench-queue` runs it beside its peers.
import Foundation
import FunctionModel
import InvocationQueue
import Synchronization

let words = CommandLine.arguments.dropFirst().map { $0 }
guard words.count == 4, let producers = Int(words[1]), let count = Int(words[2]), let backlog = Int(words[3]) else {
    FileHandle.standardError.write(Data("usage: queue-bench FOLDER PRODUCERS COUNT BACKLOG\n".utf8))
    exit(64)
}
let folder = words[0]
let payload = [UInt8](repeating: 120, count: 1024)
let start = Timestamp(milliseconds: 1_800_000_000_000)

func seconds(_ body: () async throws -> Void) async throws -> Double {
    let begun = ContinuousClock.now
    try await body()
    let took = begun.duration(to: .now)
    return Double(took.components.seconds) + Double(took.components.attoseconds) / 1e18
}

func invocation(_ number: Int) throws -> NewInvocation {
    let text = "1-6b03fc16-" + String(number, radix: 16)
    guard let id = RequestID(text) else { throw QueueBenchError.badID }
    return NewInvocation(
        lane: "f", qualifier: "LATEST", task: text, request: id, head: .event(fields: []), payload: payload, accepted: start)
}

enum QueueBenchError: Error { case badID, notAccepted }

/// Producers that each send the next one when the last one is on disk.
final class Producers: Sendable {
    private let queue: EmbeddedQueue
    private let next: Atomic<Int>
    private let left: Atomic<Int>
    private let end: Int
    private let done: CheckedContinuation<Void, any Error>

    init(_ queue: EmbeddedQueue, from: Int, count: Int, done: CheckedContinuation<Void, any Error>) {
        self.queue = queue
        next = Atomic(from)
        left = Atomic(count)
        end = from + count
        self.done = done
    }

    func send() {
        let number = next.add(1, ordering: .relaxed).oldValue
        guard number < end else { return }
        do {
            queue.enqueue(try invocation(number)) { result in
                guard case .success(.accepted) = result else { return self.done.resume(throwing: QueueBenchError.notAccepted) }
                if self.left.subtract(1, ordering: .relaxed).newValue == 0 { self.done.resume() }
                self.send()
            }
        } catch { done.resume(throwing: error) }
    }
}

func enqueue(_ queue: EmbeddedQueue, from: Int, count: Int, producers: Int) async throws {
    try await withCheckedThrowingContinuation { done in
        let all = Producers(queue, from: from, count: count, done: done)
        for _ in 0..<producers { all.send() }
    }
}

/// Claims and ends so many, in claims of 16 and up to 64 ends at once, as the workers of a host do.
func drain(_ queue: EmbeddedQueue, count: Int) async throws {
    var left = count
    while left > 0 {
        let now = Timestamp(milliseconds: start.milliseconds + 1)
        let claims = try await queue.claim([LaneWant(lane: "f", count: min(64, left))], until: now, now: now)[0].claimed
        try await withThrowingTaskGroup(of: Void.self) { group in
            for claim in claims {
                group.addTask {
                    let attempt = AttemptRecord(started: now, ended: now, result: "Succeeded")
                    guard try await queue.settle(claim.lease, Settlement(attempt: attempt, outcome: .ended(.succeeded, .init()))) else {
                        throw QueueBenchError.notAccepted
                    }
                }
            }
            try await group.waitForAll()
        }
        left -= claims.count
    }
}

/// Megabytes that this process holds.
func residentMegabytes() throws -> Double {
    let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
    return Double(text.split(separator: " ")[1]).map { $0 * 4096 / 1e6 } ?? 0
}

let queue = try EmbeddedQueue(path: folder + "/queue.db", now: start)
var figures: [String: Double] = [:]
try await enqueue(queue, from: 0, count: 2000, producers: producers)
figures["enqueue1"] = Double(count / 20) / (try await seconds { try await enqueue(queue, from: 10_000, count: count / 20, producers: 1) })
let before = queue.transactions
figures["enqueue"] = Double(count) / (try await seconds { try await enqueue(queue, from: 1_000_000, count: count, producers: producers) })
figures["batch"] = Double(count) / Double(queue.transactions - before)
try await drain(queue, count: 2000 + count / 20 + count - 10)

// With ten waiting, then with a whole backlog.
let sample = min(count, 20_000)
func cost() async throws -> (enqueue: Double, drain: Double) {
    let from = Int.random(in: 100_000_000..<900_000_000) * 100_000
    let enqueued = try await seconds { try await enqueue(queue, from: from, count: sample, producers: producers) }
    let drained = try await seconds { try await drain(queue, count: sample) }
    return (enqueued / Double(sample) * 1e6, drained / Double(sample) * 1e6)
}
_ = try await cost()
let small = try await cost()
figures["memoryBefore"] = try residentMegabytes()
try await enqueue(queue, from: 10_000_000, count: backlog, producers: 512)
figures["memoryAfter"] = try residentMegabytes()
let large = try await cost()
(figures["enqueueMicrosAt10"], figures["drainMicrosAt10"]) = small
(figures["enqueueMicrosAtBacklog"], figures["drainMicrosAtBacklog"]) = large
figures["backlog"] = Double(backlog)
let sum = try await queue.audit()
figures["conserved"] = sum.allSatisfy(\.isConserved) ? 1 : 0
try queue.close()
print(JSONValue.object(figures.mapValues { .number($0) }).text)
