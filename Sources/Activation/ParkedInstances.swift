// SPDX-License-Identifier: Apache-2.0
internal import FunctionModel
internal import LauncherClient
internal import Sandbox
internal import Synchronization

/// Instances of versions that are likely to be called, prepared up to the execution of their program. ``ParkingState`` decides.
final class ParkedInstances: Sendable {
    private struct Guarded {
        var state: ParkingState
        var specs: [InstanceID: InstanceSpec] = [:]
    }

    private let guarded: Mutex<Guarded>
    private let launcher: any InstanceLauncher
    private let clock: HostClock

    init(limits: ParkingState.Limits, launcher: any InstanceLauncher, clock: HostClock) {
        guarded = Mutex(Guarded(state: ParkingState(limits: limits)))
        self.launcher = launcher
        self.clock = clock
    }

    var count: Int { guarded.withLock { $0.state.count } }
    /// How many the launcher is still to make.
    var preparing: Int { guarded.withLock { $0.state.preparing } }

    /// What to start an instance of the version with; the launcher has it prepared, or is about to: then the start is that one's.
    func take(_ key: RunnableVersion.Key) -> InstanceSpec? {
        guarded.withLock { guarded in guarded.state.take(key).flatMap { guarded.specs.removeValue(forKey: $0) } }
    }

    /// An instance of the version has become ready.
    ///
    /// - Parameters:
    ///   - newID: makes the id of an instance.
    ///   - spec: makes what an instance with that id is started with.
    func started(_ version: RunnableVersion, maximum: Int, newID: () -> InstanceID, spec: (InstanceID) -> InstanceSpec) {
        let (now, key) = (clock.now(), version.key)
        for action in guarded.withLock({ $0.state.started(key, maximum: maximum, now: now, newID: newID) }) {
            guard case .park(let id) = action else {
                perform([action])
                continue
            }
            let spec = spec(id)
            guarded.withLock { $0.specs[id] = spec }
            launcher.park(spec) { isPrepared in self.changed(id, key, isPrepared) }
            guarded.withLock { $0.state.askedFor(id, of: key) }
        }
    }

    func retire(_ key: RunnableVersion.Key) { perform(guarded.withLock { $0.state.retire(key) }) }

    func tick() {
        let now = clock.now()
        perform(guarded.withLock { $0.state.tick(now: now) })
    }

    func pressure() {
        let now = clock.now()
        perform(guarded.withLock { $0.state.pressure(now: now) })
    }

    private func perform(_ actions: [ParkingState.Action]) {
        for case .drop(let id) in actions {
            guarded.withLock { $0.specs[id] = nil }
            launcher.stop(id, grace: .zero)
        }
    }

    private func changed(_ id: InstanceID, _ key: RunnableVersion.Key, _ isPrepared: Bool) {
        perform(
            guarded.withLock { guarded in
                if isPrepared { return guarded.state.parked(id, of: key) }
                guarded.state.lost(id, of: key)
                guarded.specs[id] = nil
                return []
            })
    }
}
