// SPDX-License-Identifier: Apache-2.0
import Glibc
package import LinuxSystem
package import Sandbox

/// The launcher's end of the socket to the daemon. Nothing here waits: what the socket does not take is queued.
package final class DaemonConnection {
    /// A daemon that leaves this many messages unread is taken for broken.
    static let queueLimit = 20_000

    let socket: Descriptor
    private var queue: [(event: LauncherEvent, descriptors: [Descriptor.Box])] = []
    private var buffer = [UInt8](repeating: 0, count: WireBounds.message)
    /// The kernel had no room for a message, which no poller tells the end of: it is to be tried again after a while.
    package private(set) var lacksRoom = false

    package init(_ socket: consuming Descriptor) { self.socket = socket }

    package var hasQueued: Bool { !queue.isEmpty }
    var isOverflowing: Bool { queue.count > Self.queueLimit }

    /// Sends now, or as soon as the socket takes it. The order is kept.
    ///
    /// - Throws: `SystemCallError` where the socket is of no use any more.
    package func send(_ event: LauncherEvent, _ descriptors: [Descriptor.Box] = []) throws(SystemCallError) {
        queue.append((event, descriptors))
        try flush()
    }

    /// Sends what the socket takes of what waits.
    ///
    /// - Throws: `SystemCallError` where the socket is of no use any more.
    package func flush() throws(SystemCallError) {
        lacksRoom = false
        var sent = 0
        defer { queue.removeFirst(sent) }
        while sent < queue.count {
            let (event, descriptors) = queue[sent]
            do {
                guard try sendMessage(socket.number, event.encoded(), descriptors: descriptors.map(\.number)) else { return }
                sent += 1
            } catch {
                switch error.errno {
                case ENOBUFS, ENOMEM, ETOOMANYREFS:
                    lacksRoom = true
                    return
                case EMSGSIZE:
                    // It is one request's trouble: who waits for it hears of that in its place.
                    guard let refusal = event.refusal(error) else { throw error }
                    queue[sent] = (refusal, [])
                default: throw error
                }
            }
        }
    }

    /// Has both ends take the largest message, whatever the host's standard is (`net.core.wmem_default`).
    static func widen(_ sockets: MessageSocketPair) throws(SystemCallError) {
        for end in [sockets.one.number, sockets.other.number] {
            var size = CInt(WireBounds.message)
            // Of the machine's root none but the host's own may go beyond its bound; the usual bound is enough.
            if setsockopt(end, SOL_SOCKET, SO_SNDBUFFORCE, &size, socklen_t(MemoryLayout<CInt>.size)) == 0 { continue }
            try systemCall("setsockopt SO_SNDBUF") { setsockopt(end, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<CInt>.size)) }
        }
    }

    enum Received {
        case request(LauncherRequest, [Descriptor.Box])
        case nothing
        case end
        case refused(String)
    }

    func receive() throws(SystemCallError) -> Received {
        switch try receiveMessage(socket.number, into: &buffer, descriptors: 2) {
        case .nothing: return .nothing
        case .end: return .end
        case .tooBig: return .refused("a message beyond \(WireBounds.message) bytes or two descriptors")
        case .message(let bytes, let numbers):
            let descriptors = numbers.map { Descriptor.Box(Descriptor(owning: $0)) }
            do { return .request(try LauncherRequest(decoding: bytes), descriptors) } catch {
                return .refused(error.description)
            }
        }
    }
}

extension LauncherEvent {
    /// What is told in place of one that is too long for the socket; nil for those of a few bytes, for which no socket is too small.
    fileprivate func refusal(_ error: SystemCallError) -> LauncherEvent? {
        let reason = "the answer is too long for the socket: \(error)"
        return switch self {
        case .failed(let id, let failure) where failure.step != reason: .failed(id, LaunchFailure(step: reason, errno: failure.errno))
        case .jobFailed(let job, let words, let lacksRoom) where words != reason: .jobFailed(job: job, reason: reason, lacksRoom: lacksRoom)
        case .layers(let job, _, _): .jobFailed(job: job, reason: reason)
        case .started, .parked, .listening, .failed, .exited, .sockets, .unpacked, .removed, .jobFailed, .memoryPressure: nil
        }
    }
}
