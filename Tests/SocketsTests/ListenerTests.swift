// SPDX-License-Identifier: Apache-2.0
import Glibc
import NIOCore
import Sockets
import Synchronization
import Testing

@Suite struct ListenerTests {
    @Test("a listener that closes takes those who have connected before, and who comes later is refused")
    func close() async throws {
        try await withLoop { thread in
            let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            try #require(Self.named(&address) { bind(descriptor, $0, $1) } == 0 && listen(descriptor, 16) == 0)
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            try #require(Self.named(&address) { pointer, _ in getsockname(descriptor, pointer, &length) } == 0)
            let port = address
            let (words, late) = try await thread.loop.submit {
                let taken = Mutex<[CInt]>([])
                let listener = try SocketListener(descriptor, on: thread.poll.value, thread.loop) { connection in
                    taken.withLock { $0.append(connection) }
                }
                // The loop is at this, and so takes nobody before the close.
                let clients = (0..<5).map { _ in Self.connected(to: port) }
                for client in clients { #expect(send(client, "x", 1, CInt(MSG_NOSIGNAL)) == 1) }
                listener.close()
                var byte: CChar = 0
                for connection in taken.withLock({ $0 }) {
                    #expect(recv(connection, &byte, 1, 0) == 1)
                    #expect(send(connection, "y", 1, CInt(MSG_NOSIGNAL)) == 1)
                    Glibc.close(connection)
                }
                // A connection that nobody took is reset.
                let words = clients.map { recv($0, &byte, 1, 0) }
                for client in clients { Glibc.close(client) }
                return (words, Self.connected(to: port))
            }.get()
            #expect(words == [1, 1, 1, 1, 1])
            #expect(late < 0)
        }
    }

    private static func named<Result>(_ address: inout sockaddr_in, _ body: (UnsafeMutablePointer<sockaddr>, socklen_t) -> Result) -> Result
    {
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }

    /// - Returns: -1 where nobody listens.
    private static func connected(to address: sockaddr_in) -> CInt {
        var address = address
        let client = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        if named(&address, { connect(client, $0, $1) }) == 0 { return client }
        Glibc.close(client)
        return -1
    }
}
