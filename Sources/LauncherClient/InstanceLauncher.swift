// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
public import LinuxSystem
public import Sandbox

/// Starts and ends instances. The one implementation outside tests is ``LauncherClient``.
///
/// Callbacks come in order for one instance, from a thread of the launcher's client; they must return at once, so hop to where the work is.
public protocol InstanceLauncher: Sendable {
    /// Asks for an instance. `onEvent` is called with `.started`, then `.listening` at most once, then `.exited` exactly once;
    /// or with `.failed` exactly once and nothing else, except that a prepared instance has told `.started` before it fails.
    func start(_ spec: InstanceSpec, onEvent: @escaping @Sendable (InstanceEvent) -> Void)

    /// Prepares an instance of `spec` so far that `start` with the same spec has only its program to execute. It may not be possible. A `start` before that
    /// is told goes on with what there is of it.
    ///
    /// - Parameter onChange: called with true when it is prepared, and with false when it is not, or is not any more, for another reason than
    ///   `start` and `stop`.
    func park(_ spec: InstanceSpec, onChange: @escaping @Sendable (Bool) -> Void)

    /// `observer` is called when programs on this host have to wait for memory.
    func observeMemoryPressure(_ observer: @escaping @Sendable () -> Void)

    /// Asks for unconnected, non-blocking TCP sockets made inside the instance's network namespace, to be connected to `127.0.0.1:port`.
    /// The caller owns and closes them. Fewer than asked for, down to none, come back where the instance has ended.
    func openSockets(_ id: InstanceID, count: Int, completion: @escaping @Sendable ([CInt]) -> Void)

    /// Ends an instance: SIGTERM, then after `grace` SIGKILL to all of it. Its `.exited` follows. Unknown ids are ignored: it has just ended.
    func stop(_ id: InstanceID, grace: Duration)

    /// Keeps every process of an instance from running, in a moment when nothing else is to be done, until ``thaw(_:)`` or ``stop(_:grace:)``. It never
    /// waits and makes no callback.
    func freeze(_ id: InstanceID)
    /// Undoes ``freeze(_:)``, whether that was done already or not. It never waits and makes no callback.
    func thaw(_ id: InstanceID)

    /// Says that the program of an instance listens whose spec has that not reported. It never waits and makes no callback.
    func listens(_ id: InstanceID)
}

extension InstanceLauncher {
    public func park(_ spec: InstanceSpec, onChange: @escaping @Sendable (Bool) -> Void) { onChange(false) }
    public func observeMemoryPressure(_ observer: @escaping @Sendable () -> Void) {}
    public func freeze(_ id: InstanceID) {}
    public func thaw(_ id: InstanceID) {}
    public func listens(_ id: InstanceID) {}
}

/// What happens to an instance, in order.
public enum InstanceEvent: Sendable {
    /// The program was executed. The receiver owns every descriptor: the read ends of its output pipes, and a few sockets as `openSockets` makes them.
    /// `setUp` is nil where all but the program was there before it was asked for: then the program is only about to be executed.
    case started(standardOutput: CInt, standardError: CInt, sockets: [CInt], setUp: SetUpTimes?)
    /// The program called `listen(2)` on its port, or on one that cannot be told apart; a connection may still be refused for some microseconds.
    case listening
    case failed(LaunchFailure)
    case exited(InstanceExit)
}

/// Unpacks layers and removes them, in a confined process. The one implementation outside tests is ``LauncherClient``.
public protocol LayerUnpacker: Sendable {
    /// Unpacks one layer, checks that the plain tar has `diffID`, makes it durable, and puts it in place in one step. An existing layer is kept.
    ///
    /// - Parameters:
    ///   - blob: a descriptor open for reading; it stays the caller's. `offset` and `length` give the layer's place in it, in bytes.
    ///   - compression: as the layer's media type says, or as its first bytes do.
    ///   - place: where the unpacker counts the room that the layer takes; nil bounds nothing.
    /// - Throws: ``UnpackFailure``; `CancellationError` where the task was cancelled and the unpacking ended for that, whether it waited or ran.
    func unpack(
        _ diffID: Digest, from blob: CInt, offset: UInt64, length: UInt64, compression: LayerCompression, place: RoomPlace?
    ) async throws -> UnpackedLayer

    /// The layers that are in place.
    func layers() async throws -> Set<Digest>

    /// Removes a layer that no instance uses. A layer that is not there is no error.
    func remove(_ diffID: Digest) async throws
}
