// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc
import LinuxSystem
import Sandbox

/// Instances that are made ahead of need, and starts that want one before it is ready.
extension LauncherLoop {
    /// Parks the one that waits for longest. No request waits for it, so it takes its turn behind whatever else wants the processors.
    func parkOne() throws(SystemCallError) {
        let spec = waitingParks.removeFirst()
        try OwnProcess.atOrdinaryPriority { () throws(SystemCallError) in try start(spec, parks: true) }
    }

    /// A start wants one that was to be parked. One that still waits for its turn is started at once; one that is being made goes on to its program by itself.
    /// What the daemon was told of already is the daemon's to deal with.
    func claim(_ id: InstanceID) throws(SystemCallError) {
        if let index = waitingParks.firstIndex(where: { $0.id == id }) { return try start(waitingParks.remove(at: index)) }
        guard let number = numbers[id], let instance = instances[number], let trigger = instance.trigger else { return }
        quietUntil = monotonicNanoseconds() + Self.quietAfterStart
        instance.trigger = nil
        // It takes the byte when it comes to wait for one; where it has ended, its end says so.
        do { _ = try sendMessage(trigger.number, [1]) } catch  where error.errno == EPIPE || error.errno == ECONNRESET {}
        after(milliseconds: Self.startBoost, .limitProcessor(number))
    }

    /// The filter of an instance that was to be parked is loaded: only its program is missing.
    func parked(_ instance: Instance, _ number: UInt32) throws(SystemCallError) {
        guard let trigger = instance.trigger, case .settingUp(let status, let output, let error) = instance.state else { return }
        instance.trigger = nil
        // Held only until it was seen to what it opens.
        guard instance.isParked else {
            _ = try? sendMessage(trigger.number, [1])
            return
        }
        try stopAwaitingStatus(instance)
        instance.state = .parked(status: status)
        after(milliseconds: Self.startBoost, .limitProcessor(number))
        let sockets = try instance.network.sockets(Self.socketsAtStart).map { Descriptor.Box(Descriptor(owning: $0)) }
        try tell(.parked(instance.id), [trigger, output, error] + sockets)
    }
}
