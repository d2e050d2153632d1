// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc
import LinuxSystem
import Sandbox
import Synchronization

/// An instance that was asked for ahead of need.
struct ParkedInstance {
    struct Descriptors {
        var trigger: Descriptor.Box
        var output: Descriptor.Box
        var error: Descriptor.Box
        var sockets: [Descriptor.Box]
    }

    var onChange: @Sendable (Bool) -> Void
    /// nil until it is prepared.
    var descriptors: Descriptors?
}

extension LauncherConnection {
    /// Lets a parked instance execute its program. Nothing of this passes through the launcher.
    ///
    /// - Returns: false where there is no such instance, or it is gone: then it is to be started as any other.
    func release(_ id: InstanceID, _ onEvent: @escaping @Sendable (InstanceEvent) -> Void) -> Bool {
        let released: (output: CInt, error: CInt, sockets: [CInt])? = state.withLock { state in
            guard let descriptors = state.parked[id]?.descriptors else { return nil }
            state.parked[id] = nil
            state.instances[id] = .init(onEvent: onEvent, isStarted: true)
            do { _ = try sendMessage(descriptors.trigger.number, [1]) } catch {
                // It was killed a moment ago; its end is told as that of any instance.
            }
            return (copy(descriptors.output), copy(descriptors.error), descriptors.sockets.map(copy))
        }
        guard let released else { return false }
        onEvent(.started(standardOutput: released.output, standardError: released.error, sockets: released.sockets, setUp: nil))
        return true
    }

    /// The receiver of an event closes its descriptors, as it does with those that come in a message.
    private func copy(_ box: Descriptor.Box) -> CInt { fcntl(box.number, F_DUPFD_CLOEXEC, 3) }

    func parked(_ id: InstanceID, _ descriptors: [CInt]) {
        let boxes = descriptors.map { Descriptor.Box(Descriptor(owning: $0)) }
        guard boxes.count >= 3 else { return }
        let onChange: (@Sendable (Bool) -> Void)? = state.withLock { state in
            state.parked[id]?.descriptors = .init(trigger: boxes[0], output: boxes[1], error: boxes[2], sockets: Array(boxes[3...]))
            return state.parked[id]?.onChange
        }
        onChange?(true)
    }

    /// It could not be prepared, or has ended by itself.
    func parkedGone(_ id: InstanceID) { state.withLock { $0.parked.removeValue(forKey: id) }?.onChange(false) }

    func observeMemoryPressure(_ observer: @escaping @Sendable () -> Void) { state.withLock { $0.pressureObservers.append(observer) } }
}
