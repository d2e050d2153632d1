// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc

/// Two connected Unix sockets that keep the bounds of messages and carry descriptors, both closed at exec.
public struct MessageSocketPair: Sendable {
    public let one: Descriptor.Box
    public let other: Descriptor.Box

    public init() throws(SystemCallError) {
        var (one, other): (CInt, CInt) = (-1, -1)
        try systemCall("socketpair") { clinux_socketpair_seqpacket(&one, &other) }
        self.one = Descriptor.Box(Descriptor(owning: one))
        self.other = Descriptor.Box(Descriptor(owning: other))
    }
}

/// One message as it came.
public enum ReceivedMessage {
    /// The receiver owns the descriptors.
    case message(ArraySlice<UInt8>, descriptors: [CInt])
    /// Nothing is there now.
    case nothing
    /// The other side has closed.
    case end
    /// It was longer, or had more descriptors, than there was room for. Its descriptors are closed.
    case tooBig
}

/// Takes one message without waiting.
///
/// - Parameters:
///   - buffer: its size bounds the message.
///   - descriptors: how many descriptors it may carry, at most 64.
public func receiveMessage(_ socket: CInt, into buffer: inout [UInt8], descriptors room: Int) throws(SystemCallError) -> ReceivedMessage {
    var numbers = [CInt](repeating: -1, count: max(1, room))
    var count = CInt(room)
    while true {
        let length = buffer.withUnsafeMutableBytes { clinux_receive(socket, $0.baseAddress, $0.count, &numbers, &count) }
        if length > 0 { return .message(buffer[..<length], descriptors: Array(numbers.prefix(Int(count)))) }
        if length == 0 { return .end }
        switch errno {
        case EAGAIN: return .nothing
        case EMSGSIZE: return .tooBig
        case ECONNRESET: return .end
        case EINTR: count = CInt(room)
        case let reason: throw SystemCallError(call: "recvmsg", errno: reason)
        }
    }
}

/// Sends one message without waiting. The descriptors stay the caller's.
///
/// - Returns: false where the socket takes nothing now.
public func sendMessage(_ socket: CInt, _ bytes: [UInt8], descriptors: [CInt] = []) throws(SystemCallError) -> Bool {
    do {
        try systemCall("sendmsg") { clinux_send(socket, bytes, bytes.count, descriptors, CInt(descriptors.count)) }
        return true
    } catch  where error.errno == EAGAIN { return false }
}
