// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc

/// Makes interfaces, addresses and routes in the network namespace in which it was made, whichever this thread is in later. The kernel answers each
/// request before the next. Sources: rtnetlink(7), linux/rtnetlink.h, linux/if_link.h, linux/veth.h.
public final class RouteSocket {
    private let socket: Descriptor

    public init() throws(SystemCallError) {
        let kind = CInt(SOCK_RAW.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        socket = Descriptor(owning: try systemCall("socket AF_NETLINK") { Glibc.socket(AF_NETLINK, kind, 0) })
    }

    /// Two interfaces that are one cable: `name` here, `peer` in the namespace of the descriptor `network`.
    ///
    /// - Throws: EEXIST where there is one of that name.
    public func makePair(_ name: String, peer: String, in network: CInt) throws(SystemCallError) {
        var message = RouteMessage(type: 16, flags: RouteMessage.create | RouteMessage.exclusive)  // RTM_NEWLINK
        message.interface(0, up: false)
        message.attribute(3) { $0.text(name) }  // IFLA_IFNAME
        message.attribute(18) { link in  // IFLA_LINKINFO
            link.attribute(1) { $0.text("veth") }  // IFLA_INFO_KIND
            link.attribute(2) { data in  // IFLA_INFO_DATA
                data.attribute(1) { other in  // VETH_INFO_PEER
                    other.interface(0, up: false)
                    other.attribute(3) { $0.text(peer) }
                    other.attribute(28) { $0.integer(network) }  // IFLA_NET_NS_FD
                }
            }
        }
        try send(message, "make the interface \(name)")
    }

    /// - Throws: ENODEV where there is none.
    public func remove(_ name: String) throws(SystemCallError) {
        var message = RouteMessage(type: 17, flags: 0)  // RTM_DELLINK
        message.interface(0, up: false)
        message.attribute(3) { $0.text(name) }
        try send(message, "remove the interface \(name)")
    }

    /// Gives the interface, by its number, one address, and brings it up.
    public func bringUp(_ interface: UInt32, as address: IPv4Address, prefix: UInt8) throws(SystemCallError) {
        var message = RouteMessage(type: 20, flags: RouteMessage.create | RouteMessage.exclusive)  // RTM_NEWADDR
        for byte in [UInt8(AF_INET), prefix, 0, 0] { message.integer(byte) }
        message.integer(interface)
        for kind in [UInt16(2), 1] { message.attribute(kind) { $0.integer(address.bits.bigEndian) } }  // IFA_LOCAL, IFA_ADDRESS
        try send(message, "give an interface the address \(address)")
        message = RouteMessage(type: 16, flags: 0)
        message.interface(interface, up: true)
        try send(message, "bring an interface up")
    }

    /// - Parameter destination: with how many of its bits count; nil for everywhere.
    public func addRoute(to destination: (IPv4Address, prefix: UInt8)?, via gateway: IPv4Address) throws(SystemCallError) {
        var message = RouteMessage(type: 24, flags: RouteMessage.create | RouteMessage.exclusive)  // RTM_NEWROUTE
        // Table main, protocol static, scope universe, a unicast route.
        for byte in [UInt8(AF_INET), destination?.prefix ?? 0, 0, 0, 254, 4, 0, 1] { message.integer(byte) }
        message.integer(UInt32(0))
        if let destination { message.attribute(1) { $0.integer(destination.0.bits.bigEndian) } }  // RTA_DST
        message.attribute(5) { $0.integer(gateway.bits.bigEndian) }  // RTA_GATEWAY
        try send(message, "add a route by \(gateway)")
    }

    private func send(_ message: RouteMessage, _ what: String) throws(SystemCallError) {
        let bytes = message.whole
        try systemCall(what) { Glibc.send(socket.number, bytes, bytes.count, 0) }
        var answer = [UInt8](repeating: 0, count: 4096)
        let count = try systemCall(what) { recv(socket.number, &answer, answer.count, 0) }
        // A header of 16 bytes, then errno, negative; 0 is an acknowledgement.
        guard count >= 20 else { throw SystemCallError(call: what, errno: EPROTO) }
        let error = answer.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 16, as: CInt.self) }
        if error != 0 { throw SystemCallError(call: what, errno: -error) }
    }
}

/// The number of an interface in the network namespace that this thread is in.
public func interfaceNumber(_ name: String) throws(SystemCallError) -> UInt32 {
    let number = if_nametoindex(name)
    if number == 0 { throw SystemCallError(call: "find the interface \(name)", errno: errno) }
    return number
}

public struct IPv4Address: Hashable, Sendable, CustomStringConvertible {
    public var bits: UInt32
    public init(bits: UInt32) { self.bits = bits }
    public static func + (address: IPv4Address, offset: UInt32) -> IPv4Address { IPv4Address(bits: address.bits + offset) }
    public var description: String { (0..<4).map { "\(bits >> (24 - 8 * $0) & 255)" }.joined(separator: ".") }
}

/// Bytes in the machine's own order, with attributes that say how long they are, each padded to four.
private struct RouteMessage {
    static let (create, exclusive): (UInt16, UInt16) = (0x400, 0x200)
    private var bytes: [UInt8] = []

    init(type: UInt16, flags: UInt16) {
        integer(UInt32(0))  // Its length, when it is whole.
        integer(type)
        integer(flags | 1 | 4)  // NLM_F_REQUEST, NLM_F_ACK
        integer(UInt64(0))
    }

    var whole: [UInt8] { withUnsafeBytes(of: UInt32(bytes.count), Array.init) + bytes.dropFirst(4) }

    mutating func integer<Value: FixedWidthInteger>(_ value: Value) { withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) } }

    mutating func text(_ text: String) { bytes += Array(text.utf8) + [0] }

    mutating func attribute(_ kind: UInt16, _ value: (inout RouteMessage) -> Void) {
        let start = bytes.count
        integer(UInt16(0))
        integer(kind)
        value(&self)
        withUnsafeBytes(of: UInt16(bytes.count - start)) { bytes.replaceSubrange(start..<start + 2, with: $0) }
        while bytes.count % 4 != 0 { bytes.append(0) }
    }

    /// `struct ifinfomsg`.
    mutating func interface(_ number: UInt32, up: Bool) {
        integer(UInt32(0))
        integer(number)
        integer(UInt32(up ? 1 : 0))  // IFF_UP, and the mask of what changes.
        integer(UInt32(up ? 1 : 0))
    }
}
