// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import NIOCore
internal import Sockets

/// Listening sockets that outlive the process that takes connections from them: whoever connects while there is none waits in the socket's queue.
public struct ListenerHandOver: Sendable {
    public enum Name: Hashable, Sendable {
        case plain, secure
    }

    /// Connections that may wait for somebody to take them.
    static let backlog = SocketListener.backlog

    /// Those of a process before this one, bound as the options say; they are the gateway's from here on.
    public var inherited: [Name: CInt] = [:]
    /// Is told of each socket that was bound here. The descriptor stays the gateway's.
    public var keep: @Sendable (Name, CInt) -> Void = { _, _ in }

    public init() {}

    /// - Throws: `IOError` where the address cannot be listened on.
    func open(_ name: Name, _ host: String, _ port: Int) throws -> CInt {
        if let descriptor = inherited[name] { return descriptor }
        let address = try SocketAddress.makeAddressResolvingHost(host, port: port)
        let family = CInt(address.protocol.rawValue)
        let descriptor = socket(family, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw IOError(errnoCode: errno, reason: "socket") }
        var on: CInt = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<CInt>.size))
        let bound = address.withSockAddr { bind(descriptor, $0, socklen_t($1)) }
        guard bound == 0, listen(descriptor, Self.backlog) == 0 else {
            let error = IOError(errnoCode: errno, reason: "bind")
            Glibc.close(descriptor)
            throw error
        }
        keep(name, descriptor)
        return descriptor
    }

    /// Where a listening socket listens.
    static func address(of descriptor: CInt) throws -> SocketAddress {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard result == 0 else { throw IOError(errnoCode: errno, reason: "getsockname") }
        return withUnsafePointer(to: &address) { storage in
            if storage.pointee.ss_family == sa_family_t(AF_INET6) {
                return SocketAddress(storage.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { $0.pointee })
            }
            return SocketAddress(storage.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { $0.pointee })
        }
    }

    /// Gives up a socket that nobody has begun to take connections from.
    static func close(_ descriptor: CInt) { _ = Glibc.close(descriptor) }
}
