// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc
import LinuxSystem
import Sandbox
import Synchronization

/// What a job of the launcher came to.
enum JobResult: Sendable {
    case unpacked(UnpackedLayer)
    case removed
    case layers(Set<Digest>)
}

/// The socket, what is awaited on it, and the thread that reads it.
final class LauncherConnection: Sendable {
    struct AwaitedInstance {
        var onEvent: @Sendable (InstanceEvent) -> Void
        var isStarted = false
        /// What it was to be parked with, where a start claimed it.
        var claimed: InstanceSpec?
    }

    struct AwaitedJob {
        var continuation: CheckedContinuation<JobResult, any Error>
        var layers: Set<Digest> = []
    }

    fileprivate struct Message {
        var request: LauncherRequest
        var bytes: [UInt8]
        var descriptors: [Descriptor.Box]
    }

    struct State {
        var instances: [InstanceID: AwaitedInstance] = [:]
        var parked: [InstanceID: ParkedInstance] = [:]
        var pressureObservers: [@Sendable () -> Void] = []
        var socketRequests: [UInt64: @Sendable ([CInt]) -> Void] = [:]
        var jobs: [UInt64: AwaitedJob] = [:]
        /// Jobs that were given up before they were asked for.
        var givenUp: Set<UInt64> = []
        /// Messages that the socket did not take yet; their descriptors are copies.
        fileprivate var unsent: [Message] = []
        /// The kernel had no room for one, which poll(2) does not tell the end of.
        fileprivate var lacksRoom = false
        /// Callbacks that need no message of the launcher, to be made by the reading thread.
        fileprivate var callbacks: [@Sendable () -> Void] = []
        fileprivate var isLost = false
        /// Why nothing can be sent any more, other than that the launcher has ended: the reading thread tells.
        fileprivate var fault: String?
        fileprivate var lastNumber: UInt64 = 0
    }

    let state = Mutex(State())
    private let socket: Descriptor
    /// A byte in it makes the reading thread look at the state.
    private let wake: Pipe
    private let onLost: @Sendable (String) -> Void

    init(descriptor: CInt, onLost: @escaping @Sendable (String) -> Void) throws(SystemCallError) {
        socket = Descriptor(owning: descriptor)
        wake = try Pipe()
        self.onLost = onLost
        for end in [wake.read.number, wake.write.number] { try systemCall("fcntl O_NONBLOCK") { fcntl(end, F_SETFL, O_NONBLOCK) } }
    }

    func newNumber() -> UInt64 {
        state.withLock {
            $0.lastNumber += 1
            return $0.lastNumber
        }
    }

    var pending: PendingRequests? {
        state.withLock { state in
            state.isLost
                ? nil
                : PendingRequests(jobs: state.jobs.count, sockets: state.socketRequests.count, unsentMessages: state.unsent.count)
        }
    }

    /// Sends a request, with what awaits its answer recorded in the same moment.
    ///
    /// - Parameters:
    ///   - await: records it; a callback that it returns is made instead of sending.
    ///   - lost: called where the launcher is gone already.
    func send(
        _ request: LauncherRequest, descriptors: [Descriptor.Box] = [], await record: (inout State) -> (@Sendable () -> Void)?,
        lost: @escaping @Sendable () -> Void
    ) {
        let message = Message(request: request, bytes: request.encoded(), descriptors: descriptors)
        let callNow: (@Sendable () -> Void)? = state.withLock { state in
            if state.isLost { return lost }
            if let instead = record(&state) {
                state.callbacks.append(instead)
                wakeReader()
            } else {
                send(message, of: &state)
            }
            return nil
        }
        callNow?()
    }

    /// Nobody needs a job any more, which may not have been asked for yet. It is answered all the same.
    func giveUp(_ job: UInt64) {
        state.withLock { state in
            if state.jobs[job] == nil { state.givenUp.insert(job) } else { send(.cancelJob(job: job), of: &state) }
        }
    }

    /// A job that may be given up has ended.
    func forget(_ job: UInt64) { _ = state.withLock { $0.givenUp.remove(job) } }

    /// Sends a request while the state is held, which says that the launcher is there.
    func send(_ request: LauncherRequest, of state: inout State) {
        send(Message(request: request, bytes: request.encoded(), descriptors: []), of: &state)
    }

    private func send(_ message: Message, of state: inout State) {
        if state.unsent.isEmpty, sendNow(message, of: &state) { return }
        state.unsent.append(message)
        wakeReader()
    }

    /// Makes a callback from the reading thread, or here where that has ended.
    func callBack(_ callback: @escaping @Sendable () -> Void) {
        let isLost = state.withLock { state in
            if !state.isLost { state.callbacks.append(callback) }
            return state.isLost
        }
        if isLost { callback() } else { wakeReader() }
    }

    func hangUp() { shutdown(socket.number, CInt(SHUT_RDWR)) }

    func startReading() throws(SystemCallError) {
        let retained = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            {
                Unmanaged<LauncherConnection>.fromOpaque($0!).takeRetainedValue().readAll()
                return nil
            }, retained.toOpaque())
        guard result == 0 else {
            retained.release()
            throw SystemCallError(call: "pthread_create", errno: result)
        }
        pthread_detach(thread)
    }

    /// A broken socket counts as taken: the reading thread sees the end of it, or is told what else is wrong.
    ///
    /// - Returns: false where it is to be sent later.
    private func sendNow(_ message: Message, of state: inout State) -> Bool {
        defer { withExtendedLifetime(message.descriptors) {} }
        do {
            state.lacksRoom = false
            return try sendMessage(socket.number, message.bytes, descriptors: message.descriptors.map(\.number))
        } catch {
            switch error.errno {
            case EPIPE, ECONNRESET: return true
            case ENOBUFS, ENOMEM, ETOOMANYREFS:
                state.lacksRoom = true
                return false
            default:
                if error.errno == EMSGSIZE, let refusal = message.request.refusal(error) {
                    state.callbacks.append { [self] in deliver(refusal, []) }
                } else {
                    state.fault = "\(error)"
                }
                wakeReader()
                return true
            }
        }
    }

    private func wakeReader() { _ = write(wake.write.number, "w", 1) }
}

extension LauncherConnection {
    /// Milliseconds after which it is tried again where the kernel had no room.
    private static let roomPause: CInt = 10

    private func readAll() {
        var buffer = [UInt8](repeating: 0, count: WireBounds.message)
        var drain = [UInt8](repeating: 0, count: 256)
        while true {
            let (callbacks, wantsToWrite, lacksRoom, fault) = state.withLock { state in
                while let message = state.unsent.first, sendNow(message, of: &state) { state.unsent.removeFirst() }
                defer { state.callbacks = [] }
                return (state.callbacks, !state.unsent.isEmpty, state.lacksRoom, state.fault)
            }
            for callback in callbacks { callback() }
            if let fault { return lose("it cannot be told anything: \(fault)") }
            var waits = [
                pollfd(fd: socket.number, events: Int16(POLLIN | (wantsToWrite && !lacksRoom ? POLLOUT : 0)), revents: 0),
                pollfd(fd: wake.read.number, events: Int16(POLLIN), revents: 0),
            ]
            _ = poll(&waits, 2, wantsToWrite && lacksRoom ? Self.roomPause : -1)
            if waits[1].revents != 0 { _ = read(wake.read.number, &drain, drain.count) }
            if let reason = takeMessages(&buffer) { return lose(reason) }
        }
    }

    /// - Returns: why nothing more is taken, when the launcher is gone or what it sends makes no sense; nil where there is nothing more just now.
    private func takeMessages(_ buffer: inout [UInt8]) -> String? {
        while true {
            let received: ReceivedMessage
            do { received = try receiveMessage(socket.number, into: &buffer, descriptors: 64) } catch { return "\(error)" }
            switch received {
            case .nothing: return nil
            case .end: return "it has ended"
            case .tooBig: return "it sent a message of more than \(buffer.count) bytes or 64 descriptors"
            case .message(let bytes, let descriptors):
                do { deliver(try LauncherEvent(decoding: bytes), descriptors) } catch {
                    for descriptor in descriptors { close(descriptor) }
                    return "it sent a message that makes no sense: \(error.description)"
                }
            }
        }
    }

    private func lose(_ reason: String) {
        let (instances, sockets, jobs, callbacks) = state.withLock { state in
            state.isLost = true
            state.unsent = []
            state.parked = [:]
            defer { (state.instances, state.socketRequests, state.jobs, state.callbacks) = ([:], [:], [:], []) }
            return (state.instances, state.socketRequests, state.jobs, state.callbacks)
        }
        for callback in callbacks { callback() }
        for instance in instances.values { instance.onEvent(instance.isStarted ? .exited(.signaled(SIGKILL)) : .failed(.launcherGone)) }
        for completion in sockets.values { completion([]) }
        for job in jobs.values { job.continuation.resume(throwing: UnpackFailure(reason: LaunchFailure.launcherGone.step)) }
        onLost(reason)
    }

    private func deliver(_ event: LauncherEvent, _ descriptors: [CInt]) {
        var unclaimed = descriptors
        defer { for descriptor in unclaimed { close(descriptor) } }
        switch event {
        case .started(let id, let times):
            let onEvent = state.withLock { state in
                state.instances[id]?.isStarted = true
                state.instances[id]?.claimed = nil
                return state.instances[id]?.onEvent
            }
            guard let onEvent, descriptors.count >= 2 else { return }
            unclaimed = []
            let sockets = Array(descriptors[2...])
            onEvent(.started(standardOutput: descriptors[0], standardError: descriptors[1], sockets: sockets, setUp: times))
        case .listening(let id): state.withLock { $0.instances[id]?.onEvent }?(.listening)
        case .parked(let id):
            unclaimed = []
            parked(id, descriptors)
        case .memoryPressure: for observer in state.withLock({ $0.pressureObservers }) { observer() }
        case .failed(let id, let failure):
            if parkedGone(id) { return }
            state.withLock { $0.instances.removeValue(forKey: id)?.onEvent }?(.failed(failure))
        case .exited(let id, let exit):
            if parkedGone(id) { return }
            state.withLock { $0.instances.removeValue(forKey: id)?.onEvent }?(.exited(exit))
        case .sockets(let number):
            guard let completion = state.withLock({ $0.socketRequests.removeValue(forKey: number) }) else { return }
            unclaimed = []
            completion(descriptors)
        case .unpacked(let job, let layer): take(job)?.resume(returning: .unpacked(layer))
        case .removed(let job): take(job)?.resume(returning: .removed)
        case .jobFailed(let job, let reason, let lacksRoom):
            take(job)?.resume(throwing: UnpackFailure(reason: reason, lacksRoom: lacksRoom))
        case .layers(let job, let digests, let last):
            let all = state.withLock { state in
                state.jobs[job]?.layers.formUnion(digests)
                return state.jobs[job]?.layers
            }
            if last, let all { take(job)?.resume(returning: .layers(all)) }
        }
    }

    private func take(_ job: UInt64) -> CheckedContinuation<JobResult, any Error>? {
        state.withLock { $0.jobs.removeValue(forKey: job)?.continuation }
    }
}

extension LauncherRequest {
    /// What is answered in the launcher's place to a request that cannot be sent; nil for those of a few bytes, which always can.
    fileprivate func refusal(_ error: SystemCallError) -> LauncherEvent? {
        let reason = "the launcher cannot be told: \(error)"
        return switch self {
        case .start(let spec), .park(let spec): .failed(spec.id, LaunchFailure(step: reason, errno: error.errno))
        case .unpack(let job, _, _, _, _, _, _), .removeLayer(let job, _), .listLayers(let job): .jobFailed(job: job, reason: reason)
        case .openSockets(let number, _, _): .sockets(number: number)
        case .claim, .stop, .cancelJob, .keepListener, .freeze, .thaw, .listens: nil
        }
    }
}
