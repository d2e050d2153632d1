// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Lets one piece of work at a time run, in the order of arrival.
///
/// The work goes on when the caller is cancelled: a change that is half done (on disk, but not yet routed) must not stay so because a client hung up.
final class TurnQueue: Sendable {
    private let last = Mutex<Task<Void, Never>?>(nil)

    func run<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let task = last.withLock { last in
            let previous = last
            let task = Task<Value, any Error> {
                await previous?.value
                return try await work()
            }
            last = Task { _ = await task.result }
            return task
        }
        return try await task.value
    }
}
