// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Lets one piece of work at a time run, in the order of arrival.
///
/// The work goes on when the caller is cancelled: a change that is half done (on disk, but not yet routed) must not stay so because a client hung up.
final class TurnQueue: Sendable {
    private let last = Mutex<Task<Void, Never>?>(nil)
    private let afterwards = Mutex<(@Sendable () async throws -> Void)?>(nil)

    /// What every turn that changes something ends with.
    func afterEach(_ work: @escaping @Sendable () async throws -> Void) { afterwards.withLock { $0 = work } }

    /// - Parameter sharing: whether what ``afterEach(_:)`` was given belongs to this turn.
    func run<Value: Sendable>(sharing: Bool = true, _ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let afterwards = sharing ? afterwards.withLock { $0 } : nil
        let task = last.withLock { last in
            let previous = last
            let task = Task<Value, any Error> {
                await previous?.value
                let value = try await work()
                try await afterwards?()
                return value
            }
            last = Task { _ = await task.result }
            return task
        }
        return try await task.value
    }
}
