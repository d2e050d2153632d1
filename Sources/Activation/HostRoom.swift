// SPDX-License-Identifier: Apache-2.0
internal import DequeModule
internal import FunctionModel
internal import Synchronization

/// The functions that need an instance while the host has no place left, in the order in which they came.
///
/// For each of them one instance of another function is given up, and a place that comes free goes to the one that has waited longest.
final class HostRoom: Sendable {
    private struct Guarded {
        var waiting: Deque<FunctionActivator> = []
        var everyone: @Sendable () -> [FunctionActivator] = { [] }
    }

    private let guarded = Mutex(Guarded())

    /// - Parameter everyone: all functions of the host that may have instances.
    func choose(from everyone: @escaping @Sendable () -> [FunctionActivator]) { guarded.withLock { $0.everyone = everyone } }

    /// Asks another function to give up an instance, unless one has been asked already on behalf of this one.
    ///
    /// - Parameters:
    ///   - isEntitled: whether the place is reserved for it, so that it need not be fair to others.
    ///   - isUseful: whether a place of the given one would be free for it.
    /// - Returns: false where none has any to give.
    func make(for activator: FunctionActivator, isEntitled: Bool, from isUseful: (FunctionActivator) -> Bool) -> Bool {
        let everyone = guarded.withLock { guarded -> (@Sendable () -> [FunctionActivator])? in
            guarded.waiting.contains { $0 === activator } ? nil : guarded.everyone
        }
        guard let everyone else { return true }
        let others = everyone().filter { $0 !== activator && isUseful($0) }
        let held = isEntitled ? nil : activator.holding.held
        guard let chosen = AdmissionState.whoYields(others.map(\.holding), for: held) else { return false }
        guarded.withLock { $0.waiting.append(activator) }
        others[chosen].yield()
        return true
    }

    /// An instance has ended.
    ///
    /// - Parameter hasRoom: whether there is a place now for one of the given function.
    func placeIsFree(for hasRoom: (String) -> Bool) {
        let next = guarded.withLock { guarded -> FunctionActivator? in
            // Where none has, somebody else was faster or the place is kept for another function: the first one asks again.
            guard let index = guarded.waiting.firstIndex(where: { hasRoom($0.version.key.function) }) else {
                return guarded.waiting.popFirst()
            }
            return guarded.waiting.remove(at: index)
        }
        next?.tick()
    }
}
