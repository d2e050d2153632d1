// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
public import LauncherClient
public import LinuxSystem
public import Sandbox
import Synchronization

/// Keeps the snapshots that it is given.
public final class RecordedRoutes: RoutingSubscriber {
    private let published = Mutex<[RoutingSnapshot]>([])

    public init() {}

    public var all: [RoutingSnapshot] { published.withLock { $0 } }
    public var newest: [String: FunctionRoute] { all.last?.functions ?? [:] }

    public func publish(_ snapshot: RoutingSnapshot) async { published.withLock { $0.append(snapshot) } }
}

/// Starts nothing: every start fails.
public struct NoLauncher: InstanceLauncher {
    public init() {}

    public func start(_ spec: InstanceSpec, onEvent: @escaping @Sendable (InstanceEvent) -> Void) {
        onEvent(.failed(LaunchFailure(step: "there is no launcher in this test", errno: 0)))
    }

    public func openSockets(_ id: InstanceID, count: Int, completion: @escaping @Sendable ([CInt]) -> Void) { completion([]) }

    public func stop(_ id: InstanceID, grace: Duration) {}
}

/// Says that every layer is there.
public struct NoUnpacker: LayerUnpacker {
    public init() {}

    public func unpack(
        _ diffID: Digest, from blob: CInt, offset: UInt64, length: UInt64, compression: LayerCompression, place: RoomPlace?
    ) async throws -> UnpackedLayer { UnpackedLayer(entries: 1, bytes: length) }

    public func layers() async throws -> Set<Digest> { [] }

    public func remove(_ diffID: Digest) async throws {}
}
