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
    /// Lets a parked instance execute its program; nothing of this passes through the launcher. One that is still being made is claimed: the launcher
    /// then goes on with it as with any that was started.
    ///
    /// - Returns: false where there is no such instance, or it is gone: then it is to be started as any other.
    func release(_ spec: InstanceSpec, _ onEvent: @escaping @Sendable (InstanceEvent) -> Void) -> Bool {
        let (started, isHere) = state.withLock { state -> (InstanceEvent?, Bool) in
            guard let parked = state.parked.removeValue(forKey: spec.id) else { return (nil, false) }
            if let descriptors = parked.descriptors {
                state.instances[spec.id] = .init(onEvent: onEvent, isStarted: true)
                return (trigger(descriptors), true)
            }
            state.instances[spec.id] = .init(onEvent: onEvent, claimed: spec)
            send(.claim(spec.id), of: &state)
            return (nil, true)
        }
        if let started { onEvent(started) }
        return isHere
    }

    private func trigger(_ descriptors: ParkedInstance.Descriptors) -> InstanceEvent {
        do { _ = try sendMessage(descriptors.trigger.number, [1]) } catch {
            // It was killed a moment ago; its end is told as that of any instance.
        }
        return .started(
            standardOutput: copy(descriptors.output), standardError: copy(descriptors.error), sockets: descriptors.sockets.map(copy),
            setUp: nil)
    }

    /// The receiver of an event closes its descriptors, as it does with those that come in a message.
    private func copy(_ box: Descriptor.Box) -> CInt { fcntl(box.number, F_DUPFD_CLOEXEC, 3) }

    func parked(_ id: InstanceID, _ numbers: [CInt]) {
        let boxes = numbers.map { Descriptor.Box(Descriptor(owning: $0)) }
        guard boxes.count >= 3 else { return }
        let descriptors = ParkedInstance.Descriptors(trigger: boxes[0], output: boxes[1], error: boxes[2], sockets: Array(boxes[3...]))
        let callback: (@Sendable () -> Void)? = state.withLock { state in
            if let claimed = state.instances[id], !claimed.isStarted {
                // It was prepared before the launcher heard that it was claimed.
                state.instances[id]?.isStarted = true
                state.instances[id]?.claimed = nil
                let started = trigger(descriptors)
                return { claimed.onEvent(started) }
            }
            guard let parked = state.parked[id] else { return nil }
            state.parked[id]?.descriptors = descriptors
            return { parked.onChange(true) }
        }
        callback?()
    }

    /// It could not be prepared, or has ended by itself. Where it was claimed, it is started as any other.
    ///
    /// - Returns: whether nobody is to hear of it.
    func parkedGone(_ id: InstanceID) -> Bool {
        let (parked, isStartedAnew) = state.withLock { state -> (ParkedInstance?, Bool) in
            let parked = state.parked.removeValue(forKey: id)
            guard let spec = state.instances[id]?.claimed else { return (parked, false) }
            state.instances[id]?.claimed = nil
            send(.start(spec), of: &state)
            return (parked, true)
        }
        parked?.onChange(false)
        return parked != nil || isStartedAnew
    }

    func observeMemoryPressure(_ observer: @escaping @Sendable () -> Void) { state.withLock { $0.pressureObservers.append(observer) } }
}
