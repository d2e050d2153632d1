// SPDX-License-Identifier: Apache-2.0
import CSockets
import Glibc
import NIOCore
import Sockets
import Synchronization
import Testing

/// What a connection told its user.
struct Record {
    var bytes: [UInt8] = []
    var writabilityChanges = 0
    /// Whether it was broken; nil while it is open.
    var end: Bool?
    var ends = 0
    /// What comes is sent back, twice.
    var echoes = false
    /// Called on the loop when something comes.
    var whenReceived: (@Sendable () -> Void)?
}

/// A connection on a loop, and the blocking descriptor at its other end.
final class Pair: Sendable {
    let thread: SocketThread
    let own: CInt
    let peer: CInt
    let record: Mutex<Record>
    private let isPeerOpen = Mutex(true)
    let connection: NIOLoopBoundBox<SocketConnection>

    /// - Parameter high: whether its own end has a number that nobody else gets, who takes the lowest that is free.
    init(_ thread: SocketThread, tcp: Bool, high: Bool = false) async throws {
        let (low, other) = tcp ? try Self.tcp() : try Self.pair()
        let own = high ? try Self.moved(low) : low
        self.thread = thread
        self.own = own
        peer = other
        record = Mutex(Record())
        _ = fcntl(own, F_SETFL, fcntl(own, F_GETFL) | O_NONBLOCK)
        let user = User()
        let bound = NIOLoopBoundBox.makeBoxSendingValue(user, eventLoop: thread.loop)
        connection = try await thread.loop.submit {
            let connection = try SocketConnection(own, on: thread.poll.value, user: bound.value)
            return NIOLoopBoundBox(connection, eventLoop: thread.loop)
        }.get()
        try await thread.loop.submit { [self] in bound.value.pair = self }.get()
    }

    /// Not for the programs that other tests start meanwhile: one that has a copy of an end keeps it open.
    private static let stream = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)

    private static func moved(_ descriptor: CInt) throws -> CInt {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let high = fcntl(descriptor, F_DUPFD_CLOEXEC, CInt(min(limit.rlim_cur, 50_000)) - 8)
        try #require(high >= 0)
        Glibc.close(descriptor)
        return high
    }

    static func pair() throws -> (CInt, CInt) {
        var ends: [CInt] = [0, 0]
        try #require(socketpair(AF_UNIX, Self.stream, 0, &ends) == 0)
        return (ends[0], ends[1])
    }

    private static func tcp() throws -> (CInt, CInt) {
        let listener = socket(AF_INET, Self.stream, 0)
        defer { Glibc.close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let other = socket(AF_INET, Self.stream, 0)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 1) == 0 && getsockname(listener, $0, &length) == 0
                    && connect(other, $0, length) == 0
            }
        }
        try #require(result)
        return (csockets_accept(listener), other)
    }

    func on(_ body: @escaping @Sendable (SocketConnection, borrowing Mutex<Record>) -> Void) async throws {
        try await thread.loop.submit { [self] in body(connection.value, record) }.get()
    }

    func onReturning<Value: Sendable>(_ body: @escaping @Sendable (SocketConnection) -> Value) async throws -> Value {
        try await thread.loop.submit { [self] in body(connection.value) }.get()
    }

    func peerSends(_ bytes: [UInt8]) { #expect(write(peer, bytes, bytes.count) == bytes.count) }

    /// Reads so many bytes, or up to the end.
    func peerReads(_ count: Int) async -> [UInt8] {
        await withCheckedContinuation { done in
            let peer = peer
            Thread.detached {
                var bytes: [UInt8] = []
                var buffer = [UInt8](repeating: 0, count: 65536)
                while bytes.count < count {
                    let got = read(peer, &buffer, min(buffer.count, count - bytes.count))
                    guard got > 0 else { break }
                    bytes += buffer[..<got]
                }
                done.resume(returning: bytes)
            }
        }
    }

    func closePeer() {
        isPeerOpen.withLock { isOpen in
            if isOpen { Glibc.close(peer) }
            isOpen = false
        }
    }

    func close() async throws {
        try await on { connection, _ in connection.close() }
        closePeer()
    }

    func eventually(_ condition: (Record) -> Bool) async throws {
        for _ in 0..<2000 {
            if record.withLock({ condition($0) }) { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("what was awaited has not come: \(record.withLock { "\($0.bytes.count) bytes, end \(String(describing: $0.end))" })")
    }

    /// Writes down what it is told.
    final class User: WireUser {
        weak var pair: Pair?
        private let take: (ByteBuffer) -> Void

        init(take: @escaping (ByteBuffer) -> Void = { _ in }) { self.take = take }

        func received(_ bytes: ByteBuffer) {
            take(bytes)
            guard let pair else { return }
            let (echoes, then) = pair.record.withLock { record in
                record.bytes += bytes.readableBytesView
                return (record.echoes, record.whenReceived)
            }
            then?()
            guard echoes else { return }
            pair.connection.value.send(bytes)
            pair.connection.value.send(bytes)
        }

        func receivedAll() {}

        func writabilityChanged() { pair?.record.withLock { $0.writabilityChanges += 1 } }

        func ended(broken: Bool) {
            pair?.record.withLock { record in
                record.end = broken
                record.ends += 1
            }
        }
    }
}

/// A thread that may wait.
private enum Thread {
    static func detached(_ body: @escaping @Sendable () -> Void) {
        final class Box: Sendable {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Box(body))
        pthread_create(
            &thread, nil,
            {
                Unmanaged<Box>.fromOpaque($0!).takeRetainedValue().body()
                return nil
            }, box.toOpaque())
        pthread_detach(thread)
    }
}

/// A connection, which is closed after `body`.
func withConnection(tcp: Bool = false, _ body: (Pair) async throws -> Void) async throws {
    try await withLoop { thread in
        let pair = try await Pair(thread, tcp: tcp)
        try await body(pair)
        try await pair.close()
    }
}
