// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import NIOCore
internal import NIOPosix

/// How a connection to an instance goes.
///
/// Where the program closes it first, nothing is left to say, and the kernel would keep its port for a minute (TIME_WAIT): a function that closes each of
/// its connections would run out of ports, and the network of an instance that has ended could not be used again. Such a one is reset instead. Where we
/// close it first the program must see the ordinary end: to many a reset is an error worth a line in the log.
enum Lingering {
    /// From now on a close resets.
    static func none(_ descriptor: CInt) {
        var reset = linger(l_onoff: 1, l_linger: 0)
        // A descriptor that cannot take it closes as any other.
        _ = setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &reset, socklen_t(MemoryLayout<linger>.size))
    }

    /// From now on a close is the ordinary one. A stream of HTTP/2 has no socket of its own.
    static func ordinary(_ channel: any Channel) {
        (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 0, l_linger: 0)).whenFailure { _ in
            // It is closed already.
        }
    }
}
