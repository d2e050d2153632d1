// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Connects sockets that were made in an instance's network namespace to the port of its program.
enum LoopbackSocket {
    enum Outcome: Equatable {
        case connected
        /// Neither yes nor no yet: ask again with ``state(of:)``.
        case pending
        /// Nobody listens. The same descriptor may be connected again.
        case refused
        /// The descriptor is of no more use.
        case failed(errno: CInt)
    }

    /// Connects a non-blocking socket to `127.0.0.1:port`. On loopback the answer is there when `connect` returns, though it says EINPROGRESS.
    static func connect(_ descriptor: CInt, port: UInt16) -> Outcome {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        func attempt() -> CInt {
            withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
        var result = attempt()
        // The first call after a refused connect only takes note of that.
        if result != 0, errno == ECONNABORTED { result = attempt() }
        if result == 0 { return checkedForItself(descriptor, port: port) }
        switch errno {
        case EINPROGRESS, EALREADY, EINTR: return state(of: descriptor, port: port)
        case EISCONN: return checkedForItself(descriptor, port: port)
        case ECONNREFUSED, ECONNABORTED, ECONNRESET: return .refused
        default: return .failed(errno: errno)
        }
    }

    /// How a pending connect stands.
    static func state(of descriptor: CInt, port: UInt16) -> Outcome {
        var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard Glibc.poll(&poll, 1, 0) > 0 else { return .pending }
        var error: CInt = 0
        var size = socklen_t(MemoryLayout<CInt>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0 else { return .failed(errno: errno) }
        switch error {
        case 0: return checkedForItself(descriptor, port: port)
        case ECONNREFUSED, ECONNABORTED, ECONNRESET: return .refused
        default: return .failed(errno: error)
        }
    }

    /// A connect to a port of the ephemeral range that nobody listens on can meet itself (simultaneous open with its own port).
    private static func checkedForItself(_ descriptor: CInt, port: UInt16) -> Outcome {
        var own = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &own) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        guard result == 0 else { return .failed(errno: errno) }
        return own.sin_port == port.bigEndian ? .failed(errno: ECONNREFUSED) : .connected
    }

    /// Lets every other thread that wants this processor have it first.
    static func letOthersRun() { sched_yield() }

    /// Closes a descriptor that nothing else owns.
    static func close(_ descriptor: CInt) { _ = Glibc.close(descriptor) }
}
