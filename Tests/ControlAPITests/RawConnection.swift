// SPDX-License-Identifier: Apache-2.0
import Glibc
import NIOPosix
import Testing

/// Sends bytes as they are: an HTTP client would mend what a test wants to be wrong.
enum RawConnection {
    /// - Returns: everything that came until the server closed, at most 5 seconds.
    static func exchange(port: Int, _ request: String) async throws -> String { try await exchange(port: port, Array(request.utf8)) }

    /// - Parameter thenEnd: says after the bytes that no more will come.
    static func exchange(port: Int, _ request: [UInt8], thenEnd: Bool = false) async throws -> String {
        // A thread of its own: the server under test needs the few of the cooperative pool.
        try await NIOThreadPool.singleton.runIfActive { try blockingExchange(port, request, thenEnd) }
    }

    private static func blockingExchange(_ port: Int, _ bytes: [UInt8], _ thenEnd: Bool) throws -> String {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var limit = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        try #require(connected == 0)
        try #require(send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count)
        if thenEnd { shutdown(descriptor, Int32(SHUT_WR)) }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            answer += buffer[..<count]
        }
        return String(decoding: answer, as: UTF8.self)
    }
}
