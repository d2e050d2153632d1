// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem
import Sandbox

/// The launcher's end of the socket to the daemon. Nothing here waits: what the socket does not take is queued.
final class DaemonConnection {
    /// A daemon that leaves this many messages unread is taken for broken.
    static let queueLimit = 20_000

    let socket: Descriptor
    private var queue: [(bytes: [UInt8], descriptors: [Descriptor.Box])] = []
    private var buffer = [UInt8](repeating: 0, count: WireBounds.message)

    init(_ socket: consuming Descriptor) { self.socket = socket }

    var hasQueued: Bool { !queue.isEmpty }
    var isOverflowing: Bool { queue.count > Self.queueLimit }

    /// Sends now, or as soon as the socket takes it. The order is kept.
    func send(_ event: LauncherEvent, _ descriptors: [Descriptor.Box] = []) throws(SystemCallError) {
        queue.append((event.encoded(), descriptors))
        try flush()
    }

    func flush() throws(SystemCallError) {
        var sent = 0
        defer { queue.removeFirst(sent) }
        for message in queue {
            guard try sendMessage(socket.number, message.bytes, descriptors: message.descriptors.map(\.number)) else { return }
            sent += 1
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
