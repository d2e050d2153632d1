// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
import Glibc
public import LinuxSystem
public import Sandbox

/// The daemon's face of the launcher: turns calls into messages, and messages into callbacks.
///
/// It owns one thread, which reads. Sends happen on the caller's thread, under a lock, and never wait: what the socket does not take at once is
/// sent by the reading thread. When the launcher goes away, every instance gets its `.exited` or `.failed`, and every later start fails.
public final class LauncherClient: InstanceLauncher, LayerUnpacker {
    private let connection: LauncherConnection
    private let layerLimits: UnpackLimits

    /// Takes over a SEQPACKET socket whose other end the launcher holds, and starts the reading thread.
    ///
    /// - Parameters:
    ///   - descriptor: the socket, for example the number in `SWIFTLET_LAUNCHER_FD`. The client closes it.
    ///   - layerLimits: what each layer may ask for.
    ///   - onLost: called once, from the reading thread, after the launcher has gone away, with the reason in words.
    /// - Throws: `SystemCallError` where no thread or descriptor is left.
    public init(
        descriptor: CInt, layerLimits: UnpackLimits = UnpackLimits(), onLost: @escaping @Sendable (String) -> Void = { _ in }
    ) throws {
        self.layerLimits = layerLimits
        connection = try LauncherConnection(descriptor: descriptor, onLost: onLost)
        try connection.startReading()
    }

    deinit { connection.hangUp() }

    /// What was asked for and is not answered yet; nil where the launcher has gone away.
    public var pending: PendingRequests? { connection.pending }

    public func start(_ spec: InstanceSpec, onEvent: @escaping @Sendable (InstanceEvent) -> Void) {
        do { try spec.validate() } catch {
            return connection.callBack { onEvent(.failed(LaunchFailure(step: error.description, errno: 0))) }
        }
        if connection.release(spec, onEvent) { return }
        connection.send(.start(spec)) { state in
            guard state.instances[spec.id] == nil else {
                return { onEvent(.failed(LaunchFailure(step: "the instance id \(spec.id) is in use", errno: 0))) }
            }
            state.instances[spec.id] = .init(onEvent: onEvent)
            return nil
        } lost: {
            onEvent(.failed(.launcherGone))
        }
    }

    public func park(_ spec: InstanceSpec, onChange: @escaping @Sendable (Bool) -> Void) {
        do { try spec.validate() } catch { return connection.callBack { onChange(false) } }
        connection.send(.park(spec)) { state in
            state.parked[spec.id] = .init(onChange: onChange)
            return nil
        } lost: {
            onChange(false)
        }
    }

    public func observeMemoryPressure(_ observer: @escaping @Sendable () -> Void) { connection.observeMemoryPressure(observer) }

    public func openSockets(_ id: InstanceID, count: Int, completion: @escaping @Sendable ([CInt]) -> Void) {
        let number = connection.newNumber()
        let count = UInt8(max(0, min(count, WireBounds.sockets)))
        connection.send(.openSockets(number: number, id, count: count)) { state in
            state.socketRequests[number] = completion
            return nil
        } lost: {
            completion([])
        }
    }

    /// Has a listening socket kept for the daemons that come after this one. It stays the caller's.
    ///
    /// - Throws: `SystemCallError` where no descriptor is left.
    public func keepListener(_ name: ListenerName, _ descriptor: CInt) throws(SystemCallError) {
        connection.send(.keepListener(name), descriptors: [try copy(descriptor)]) { _ in
            nil
        } lost: {
        }
    }

    public func stop(_ id: InstanceID, grace: Duration) {
        let (seconds, attoseconds) = grace.components
        let milliseconds = seconds < 0 ? 0 : seconds >= 4_000_000 ? 4_000_000_000 : seconds * 1000 + attoseconds / 1_000_000_000_000_000
        connection.send(.stop(id, graceMilliseconds: UInt32(milliseconds))) { state in
            state.parked[id] = nil
            state.instances[id]?.claimed = nil
            return nil
        } lost: {
        }
    }

    public func freeze(_ id: InstanceID) { tell(.freeze(id)) }

    public func thaw(_ id: InstanceID) { tell(.thaw(id)) }

    public func listens(_ id: InstanceID) { tell(.listens(id)) }

    /// Sends what has no answer. Where the launcher has gone away, so have its instances.
    private func tell(_ request: LauncherRequest) {
        connection.send(request) { _ in
            nil
        } lost: {
        }
    }

    public func unpack(
        _ diffID: Digest, from blob: CInt, offset: UInt64, length: UInt64, compression: LayerCompression, place: RoomPlace? = nil
    ) async throws -> UnpackedLayer {
        let number = connection.newNumber()
        defer { connection.forget(number) }
        do {
            let result = try await withTaskCancellationHandler {
                try await job(number: number, descriptors: [blob] + (place.map { [$0.page.descriptor.number] } ?? [])) {
                    .unpack(
                        job: $0, diffID: diffID, offset: offset, length: length, compression: compression, layerLimits,
                        place: UInt16(clamping: place?.number ?? 0))
                }
            } onCancel: {
                connection.giveUp(number)
            }
            guard case .unpacked(let layer) = result else { throw UnpackFailure(reason: "the launcher answered something else") }
            return layer
        } catch {
            // How an unpacker ended that nobody needs is of no interest.
            try Task.checkCancellation()
            throw error
        }
    }

    public func layers() async throws -> Set<Digest> {
        guard case .layers(let layers) = try await job({ .listLayers(job: $0) }) else {
            throw UnpackFailure(reason: "the launcher answered something else")
        }
        return layers
    }

    public func remove(_ diffID: Digest) async throws { _ = try await job { .removeLayer(job: $0, diffID: diffID) } }

    /// A message may have to wait, and what it carries is the caller's.
    private func copy(_ descriptor: CInt) throws(SystemCallError) -> Descriptor.Box {
        Descriptor.Box(Descriptor(owning: try systemCall("fcntl F_DUPFD_CLOEXEC") { fcntl(descriptor, F_DUPFD_CLOEXEC, 3) }))
    }

    private func job(
        number: UInt64? = nil, descriptors: [CInt] = [], _ request: (UInt64) -> LauncherRequest
    ) async throws -> JobResult {
        let number = number ?? connection.newNumber()
        let copies = try descriptors.map { try copy($0) }
        return try await withCheckedThrowingContinuation { continuation in
            connection.send(request(number), descriptors: copies) { state in
                if state.givenUp.contains(number) { return { continuation.resume(throwing: CancellationError()) } }
                state.jobs[number] = .init(continuation: continuation)
                return nil
            } lost: {
                continuation.resume(throwing: UnpackFailure(reason: LaunchFailure.launcherGone.step))
            }
        }
    }
}

/// How much the launcher has before it.
public struct PendingRequests: Hashable, Sendable {
    /// Layers to unpack or to remove, and lists of them.
    public var jobs: Int
    /// Requests for sockets.
    public var sockets: Int
    /// Messages that its socket has not taken yet.
    public var unsentMessages: Int
}

extension LaunchFailure {
    static let launcherGone = LaunchFailure(step: "the launcher has gone away", errno: 0)
}
