// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

/// The calls of one function that are in progress or wait, over all its versions, and how many may be.
///
/// It bounds calls, not instances: while a version takes the place of another one, the old instances that still end are not in the way of the new.
/// Source: ConcurrencyConfig of Function Compute API 2023-03-30, where `reservedConcurrency` counts instances.
final class CallQuota: Sendable {
    private let calls = Atomic<Int>(0)
    /// Instances; negative where there is no bound.
    private let reserved = Atomic<Int>(-1)

    /// - Parameter instances: nil takes the bound away. Calls that are in already stay.
    func set(reserved instances: Int?) { reserved.store(instances ?? -1, ordering: .relaxed) }

    var reservedInstances: Int? {
        let instances = reserved.load(ordering: .relaxed)
        return instances < 0 ? nil : instances
    }

    /// - Parameter concurrency: calls that one instance of the called version serves at once.
    /// - Returns: whether one more call may come in; then ``leave()`` is called with its end.
    func enter(concurrency: Int) -> Bool {
        let before = calls.add(1, ordering: .relaxed).oldValue
        guard let instances = reservedInstances, before >= instances * concurrency else { return true }
        leave()
        return false
    }

    func leave() { calls.subtract(1, ordering: .relaxed) }
}
