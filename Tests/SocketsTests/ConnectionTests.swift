// SPDX-License-Identifier: Apache-2.0
import Glibc
import NIOCore
import Sockets
import Synchronization
import Testing

@Suite struct ConnectionTests {
    @Test("bytes come as they were sent, and behind them the end")
    func receives() async throws {
        try await withConnection { pair in
            pair.peerSends([1, 2, 3])
            try await pair.eventually { $0.bytes == [1, 2, 3] }
            pair.peerSends([4])
            pair.closePeer()
            try await pair.eventually { $0.end == false }
            #expect(pair.record.withLock { $0.bytes } == [1, 2, 3, 4])
        }
    }

    @Test("a connection that the other side resets is broken, and not ended")
    func reset() async throws {
        try await withConnection(tcp: true) { pair in
            var hard = linger(l_onoff: 1, l_linger: 0)
            setsockopt(pair.peer, SOL_SOCKET, SO_LINGER, &hard, socklen_t(MemoryLayout<linger>.size))
            pair.closePeer()
            try await pair.eventually { $0.end == true }
        }
    }

    @Test("more than the other side takes waits, all of it and in its order; the user hears when to stop and when to go on")
    func backPressure() async throws {
        try await withConnection { pair in
            let sent = (0..<4 << 20).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8 ^ $0 >> 16) }
            try await pair.on { connection, _ in
                for start in stride(from: 0, to: sent.count, by: 100_000) {
                    connection.send(ByteBuffer(bytes: sent[start..<min(sent.count, start + 100_000)]))
                }
                #expect(!connection.isWritable)
            }
            #expect(await pair.peerReads(sent.count) == sent)
            try await pair.eventually { $0.writabilityChanges == 2 }
            try await pair.on { connection, _ in #expect(connection.isWritable) }
        }
    }

    @Test("pieces that are written go out with what is sent after them, in their order")
    func order() async throws {
        try await withConnection { pair in
            try await pair.on { connection, _ in
                connection.write(ByteBuffer(bytes: [1]))
                connection.write(ByteBuffer(bytes: [2]))
                connection.send(ByteBuffer(bytes: [3]))
                connection.send(ByteBuffer(bytes: [4]))
            }
            #expect(await pair.peerReads(4) == [1, 2, 3, 4])
        }
    }

    @Test("answers to many connections at once all go out, each in its order, though they wait for each other")
    func together() async throws {
        try await withLoop { thread in
            var pairs: [Pair] = []
            for _ in 0..<20 {
                let pair = try await Pair(thread, tcp: false)
                pair.record.withLock { $0.echoes = true }
                pairs.append(pair)
            }
            // Held up, so that all of them have news in one turn.
            thread.loop.execute { usleep(20_000) }
            for (number, pair) in pairs.enumerated() { pair.peerSends([UInt8(number), 1]) }
            for (number, pair) in pairs.enumerated() { #expect(await pair.peerReads(4) == [UInt8(number), 1, UInt8(number), 1]) }
            for pair in pairs { try await pair.close() }
        }
    }

    @Test("who does not read gets nothing, and all of it later")
    func paused() async throws {
        try await withConnection { pair in
            try await pair.on { connection, _ in connection.setReading(false) }
            pair.peerSends([1, 2])
            try await Task.sleep(for: .milliseconds(20))
            #expect(pair.record.withLock { $0.bytes } == [])
            try await pair.on { connection, _ in connection.setReading(true) }
            try await pair.eventually { $0.bytes == [1, 2] }
        }
    }

    @Test("the end of the other side is met also by who does not read")
    func endWhilePaused() async throws {
        try await withConnection { pair in
            try await pair.on { connection, _ in connection.setReading(false) }
            pair.peerSends([UInt8](repeating: 5, count: 100_000))
            pair.closePeer()
            try await pair.eventually { $0.end == false && $0.bytes.count == 100_000 }
        }
    }

    @Test("closed when written: all of it arrives, and then the end")
    func closeWhenWritten() async throws {
        try await withConnection { pair in
            let sent = [UInt8](repeating: 9, count: 1 << 20)
            try await pair.on { connection, _ in
                connection.send(ByteBuffer(bytes: sent))
                connection.closeWhenWritten()
                // Nobody has a say any more.
                connection.send(ByteBuffer(bytes: [1]))
            }
            #expect(await pair.peerReads(sent.count) == sent)
            #expect(await pair.peerReads(1) == [])
            try await pair.eventually { $0.end == false }
        }
    }

    @Test("the output alone closed: the other side sees the end, and is heard on")
    func closeOutput() async throws {
        try await withConnection { pair in
            try await pair.on { connection, _ in
                connection.send(ByteBuffer(bytes: [1]))
                connection.closeOutput()
            }
            #expect(await pair.peerReads(2) == [1])
            pair.peerSends([8])
            try await pair.eventually { $0.bytes == [8] && $0.end == nil }
        }
    }

    @Test("a connection that is given away is neither closed nor read any more")
    func detached() async throws {
        try await withConnection { pair in
            let descriptor = try await pair.onReturning { connection in connection.detach() }
            let mine = try #require(descriptor)
            pair.peerSends([3])
            var byte: UInt8 = 0
            usleep(10_000)
            #expect(read(mine, &byte, 1) == 1 && byte == 3)
            #expect(pair.record.withLock { $0.bytes.isEmpty && $0.end == nil })
            close(mine)
        }
    }

    @Test("what the other side said before it went is heard, though it takes nothing more")
    func lastWords() async throws {
        try await withConnection(tcp: true) { pair in
            try await pair.on { connection, record in
                pair.peerSends([7, 8])
                var hard = linger(l_onoff: 1, l_linger: 0)
                setsockopt(pair.peer, SOL_SOCKET, SO_LINGER, &hard, socklen_t(MemoryLayout<linger>.size))
                pair.closePeer()
                usleep(10_000)
                connection.send(ByteBuffer(bytes: [1]))
                #expect(record.withLock { $0.bytes } == [])
            }
            try await pair.eventually { $0.end == true }
            #expect(pair.record.withLock { $0.bytes } == [7, 8])
        }
    }

    @Test("an answer goes out to who has said already that no more comes, also where it waits for others")
    func halfClosed() async throws {
        try await withLoop { thread in
            var pairs: [Pair] = []
            for _ in 0..<20 {
                let pair = try await Pair(thread, tcp: false)
                pair.record.withLock { $0.echoes = true }
                pairs.append(pair)
            }
            thread.loop.execute { usleep(20_000) }
            for pair in pairs {
                pair.peerSends([4])
                shutdown(pair.peer, CInt(SHUT_WR))
            }
            for pair in pairs { #expect(await pair.peerReads(3) == [4, 4]) }
            for pair in pairs { try await pair.close() }
        }
    }

    @Test("news of a connection that was closed in the same turn are not those of the next one with its number")
    func numberUsedAgain() async throws {
        try await withLoop { thread in
            let (first, second) = (try await Pair(thread, tcp: false), try await Pair(thread, tcp: false, high: true))
            let (own, peer) = try Pair.pair()
            let record = Mutex(Record())
            let third = NIOLoopBoundBox<(Pair.User, SocketConnection)?>.makeBoxSendingValue(nil, eventLoop: thread.loop)
            first.record.withLock {
                $0.whenReceived = {
                    second.connection.value.close()
                    // The number of the second is free, and becomes the third's.
                    #expect(dup2(own, second.own) == second.own)
                    _ = fcntl(second.own, F_SETFL, fcntl(second.own, F_GETFL) | O_NONBLOCK)
                    let user = Pair.User { bytes in record.withLock { $0.bytes += bytes.readableBytesView } }
                    do {
                        let connection = try SocketConnection(second.own, on: thread.poll.value, user: user)
                        connection.setReading(false)
                        third.value = (user, connection)
                    } catch { Issue.record(error) }
                }
            }
            // Both have news in one turn: the first is heard first.
            thread.loop.execute { usleep(20_000) }
            first.peerSends([1])
            second.closePeer()
            try await first.eventually { $0.bytes == [1] }
            #expect(write(peer, [9], 1) == 1)
            try await Task.sleep(for: .milliseconds(20))
            #expect(record.withLock { $0.bytes } == [])
            try await thread.loop.submit { third.value?.1.close() }.get()
            for descriptor in [own, peer] { close(descriptor) }
            try await first.close()
        }
    }

    @Test("a write to a connection that is gone is told as its end, once, and not in the midst of the write")
    func brokenWrite() async throws {
        try await withConnection { pair in
            try await pair.on { connection, record in
                connection.setReading(false)
                pair.closePeer()
                connection.send(ByteBuffer(bytes: [1]))
                #expect(record.withLock { $0.end } == nil)
            }
            try await pair.eventually { $0.end != nil }
            #expect(pair.record.withLock { $0.ends } == 1)
        }
    }
}
