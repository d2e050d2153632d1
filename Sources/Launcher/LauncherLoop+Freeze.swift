// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import LinuxSystem
import Sandbox

extension LauncherLoop {
    /// It is done in a quiet moment: to join the freezer may take milliseconds, in which no instance could start.
    func freeze(_ id: InstanceID) {
        guard let number = numbers[id], let instance = instances[number], !instance.isStopped, !instance.isFrozen else { return }
        if case .running = instance.state { toFreeze.insert(number) }
    }

    func thaw(_ id: InstanceID) {
        guard let number = numbers[id], let instance = instances[number] else { return }
        toFreeze.remove(number)
        thaw(instance)
    }

    /// What is to end must run, to end in its own way.
    func thaw(_ instance: Instance) {
        guard instance.isFrozen else { return }
        instance.isFrozen = false
        do { try instance.cgroup.thaw() } catch { log("instance \(instance.id) stays frozen: \(error)") }
    }

    func freezeOne() {
        guard let number = toFreeze.popFirst(), let instance = instances[number], !instance.isStopped else { return }
        do {
            try instance.cgroup.freeze()
            instance.isFrozen = true
        } catch { log("instance \(instance.id) is not frozen: \(error)") }
    }
}
