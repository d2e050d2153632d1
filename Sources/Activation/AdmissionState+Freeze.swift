// SPDX-License-Identifier: Apache-2.0
internal import NIOCore

/// Instances that have had no call for a while do not run until the next one.
extension AdmissionState {
    /// When the instance is to be frozen, if no call comes; nil where it is not to be.
    private func freezeDue(_ instance: Ready) -> NIODeadline? {
        guard let time = limits.freezeTime, instance.inFlight == 0, !instance.isFrozen else { return nil }
        return instance.idleSince + time
    }

    /// Asks for the moment at which an instance without calls is to be frozen.
    func wakeToFreeze(_ index: Int) -> NIODeadline? { index < provisioned ? nil : freezeDue(ready[index]) }

    mutating func freezeIdle(now: NIODeadline) -> [Action] {
        guard limits.freezeTime != nil else { return [] }
        var actions: [Action] = []
        for index in ready.indices.dropFirst(provisioned) {
            guard let due = freezeDue(ready[index]) else { continue }
            if due <= now {
                ready[index].isFrozen = true
                actions.append(.freeze(ready[index].slot))
            } else {
                wake(at: due, &actions)
            }
        }
        return actions
    }

    /// What must come before anything is asked of the instance.
    mutating func thaw(_ index: Int) -> [Action] {
        guard ready[index].isFrozen else { return [] }
        ready[index].isFrozen = false
        return [.thaw(ready[index].slot)]
    }

    package func isFrozen(_ slot: Slot) -> Bool { readyIndex(slot).map { ready[$0].isFrozen } ?? false }
}
