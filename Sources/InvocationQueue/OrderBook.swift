// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Orders of this host on their way into the log and back: gathered while a message is being stored, so that they share the next one.
///
/// An order is answered when the log has acknowledged its message *and* this host's copy has carried it out.
final class OrderBook: Sendable {
    struct Waiting: Sendable {
        var order: QueueOrder
        var answer: @Sendable (Result<QueueAnswer, any Error>) -> Void
    }

    /// A message that is being stored, or is stored and not yet carried out here.
    private struct Message {
        var waiting: [Waiting]
        var since: ContinuousClock.Instant
        var isStored = false
        var outcome: QueueCopy.Outcome?
    }

    private struct Guarded {
        var waiting: [Waiting] = []
        var messages: [Int64: Message] = [:]
        var last: Int64 = 0
        var writer: CheckedContinuation<Void, Never>?
        var end: (any Error)?
    }

    /// The most orders in one message.
    private static let most = 512

    private let guarded = Mutex(Guarded())

    func add(_ waiting: Waiting) {
        let (end, writer) = guarded.withLock { guarded -> ((any Error)?, CheckedContinuation<Void, Never>?) in
            if let end = guarded.end { return (end, nil) }
            guarded.waiting.append(waiting)
            return (nil, guarded.writer.take())
        }
        writer?.resume()
        if let end { waiting.answer(.failure(end)) }
    }

    /// Waits for orders, and makes the next message of them.
    ///
    /// - Parameter bytes: about the most that it may have.
    /// - Returns: nil when the book is closed.
    func next(upTo bytes: Int) async -> (number: Int64, orders: [QueueOrder])? {
        while true {
            let taken = guarded.withLock { guarded -> (Int64, [QueueOrder])? in
                guard guarded.end == nil, !guarded.waiting.isEmpty else { return nil }
                var (count, size) = (0, 0)
                while count < min(Self.most, guarded.waiting.count) {
                    let order = guarded.waiting[count].order
                    // The first message of a session holds nothing but its beginning.
                    if case .open = order, count > 0 { break }
                    size += OrderBytes.size(order)
                    if count > 0, size > bytes { break }
                    count += 1
                    if case .open = order { break }
                }
                let batch = Array(guarded.waiting.prefix(count))
                guarded.waiting.removeFirst(count)
                guarded.last += 1
                guarded.messages[guarded.last] = Message(waiting: batch, since: .now)
                return (guarded.last, batch.map(\.order))
            }
            if let taken { return taken }
            if guarded.withLock({ $0.end != nil }) { return nil }
            await withCheckedContinuation { continuation in
                let isReady = guarded.withLock { guarded in
                    guard guarded.waiting.isEmpty, guarded.end == nil else { return true }
                    guarded.writer = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        }
    }

    /// The log has acknowledged a message.
    func stored(_ number: Int64) { settle(number) { $0.isStored = true } }

    /// The copy has met a message of this session in the log.
    func met(_ number: Int64, _ outcome: QueueCopy.Outcome) { settle(number) { $0.outcome = outcome } }

    private func settle(_ number: Int64, _ change: (inout Message) -> Void) {
        let done = guarded.withLock { guarded -> Message? in
            guard var message = guarded.messages[number] else { return nil }
            change(&message)
            guarded.messages[number] = message
            guard message.isStored, message.outcome != nil else { return nil }
            return guarded.messages.removeValue(forKey: number)
        }
        guard let done, let outcome = done.outcome else { return }
        switch outcome {
        case .answers(let answers): for (waiting, answer) in zip(done.waiting, answers) { waiting.answer(.success(answer)) }
        case .passedOver:
            let error = QueueError(description: "another process has opened the shared queue in this host's name")
            for waiting in done.waiting { waiting.answer(.failure(error)) }
        }
    }

    /// A message was not stored, or nobody knows: whoever waits for it is told.
    func failed(_ number: Int64, _ error: any Error, andThoseBehind: Bool) {
        let told = guarded.withLock { guarded -> [Waiting] in
            var told = guarded.messages.removeValue(forKey: number)?.waiting ?? []
            if andThoseBehind {
                told += guarded.waiting
                guarded.waiting = []
            }
            return told
        }
        for waiting in told { waiting.answer(.failure(error)) }
    }

    /// Gives up messages that were stored and not met for too long, and those that the copy passed without carrying them out itself.
    func giveUp(olderThan limit: Duration, upTo passed: Int64 = 0, _ error: any Error) {
        let numbers = guarded.withLock { guarded in
            guarded.messages.filter { ($0.value.isStored && $0.value.since.duration(to: .now) > limit) || $0.key <= passed }.map(\.key)
        }
        for number in numbers { failed(number, error, andThoseBehind: false) }
    }

    func close(_ error: any Error) {
        let (told, writer) = guarded.withLock { guarded -> ([Waiting], CheckedContinuation<Void, Never>?) in
            guard guarded.end == nil else { return ([], nil) }
            guarded.end = error
            defer { (guarded.waiting, guarded.messages) = ([], [:]) }
            return (guarded.waiting + guarded.messages.values.flatMap(\.waiting), guarded.writer.take())
        }
        writer?.resume()
        for waiting in told { waiting.answer(.failure(error)) }
    }
}
