// SPDX-License-Identifier: Apache-2.0
internal import FunctionModel
internal import Synchronization

extension ActivationService {
    /// `closer` closes the idle connections to an instance that one of the gateway's event loops holds, by the loop's number. There is one closer.
    public func closesConnections(_ closer: @escaping @Sendable (Int, ActiveInstance) -> Void) { host.closer.withLock { $0 = closer } }

    /// Whoever calls an instance that serves one call at a time, other than through the gateway, says so first: a server with one thread may answer on
    /// one connection only, so the one that lies idle is closed.
    public func takeOverConnections(of instance: ActiveInstance) {
        guard instance.version.configuration.instanceConcurrency == 1 else { return }
        let before = instance.connectionHome.exchange(-1, ordering: .relaxed)
        if before >= 0, let closer = host.closer.withLock({ $0 }) { closer(before, instance) }
    }
}
