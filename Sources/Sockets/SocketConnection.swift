// SPDX-License-Identifier: Apache-2.0
internal import CSockets
internal import Glibc
package import NIOCore

/// A connected stream socket whose bytes are read and written as they are.
///
/// It is watched for changes (EPOLLET): what can be done is done until the kernel says that it cannot, and nobody has to be asked twice.
package final class SocketConnection: Wire, PolledSocket {
    private enum State {
        case open
        /// Everything that was written is to go out first.
        case closingOutput, closing
        case closed
    }

    /// Bytes that may wait in memory before ``isWritable`` says no, and what is left of them when it says yes again.
    private static let highMark = 64 << 10
    private static let lowMark = 32 << 10
    private static let leastRead = 2 << 10
    private static let mostRead = 64 << 10
    private static let shortMessage = 8 << 10
    /// Full reads in one turn; then others come first.
    private static let readsAtOnce = 4

    private let descriptor: CInt
    private let poll: SocketPoll
    private let spare: SpareBuffers
    private var user: (any WireUser)?
    private var state = State.open
    private var isReading = true
    /// Whether the kernel may have something for us.
    private var mayRead = false
    /// Whether the other side has said that no more comes, or the connection is broken: reading goes on until that is met.
    private var isOver = false
    private var isBroken = false
    private var willContinue = false
    private var readSize = leastRead
    /// A short message that goes out with those of other sockets.
    private var late: ByteBuffer?
    private var waiting = PendingBytes()
    package private(set) var isWritable = true

    /// - Parameter descriptor: non-blocking; it is this connection's from now on.
    /// - Throws: `IOError` where the kernel watches no more descriptors; the descriptor is closed then.
    package init(_ descriptor: CInt, on poll: SocketPoll, user: any WireUser) throws {
        self.descriptor = descriptor
        self.poll = poll
        spare = poll.spare
        self.user = user
        csockets_send_at_once(descriptor)
        do { try poll.add(self, descriptor, UInt32(csockets_in | csockets_out | csockets_peer_done), edge: true) } catch {
            state = .closed
            Glibc.close(descriptor)
            throw error
        }
    }

    /// A socket that is connected to the one at a path.
    ///
    /// - Throws: `IOError`: nobody listens there, or too many wait already.
    package static func connect(unixDomainSocketPath path: String) throws -> CInt {
        let descriptor = csockets_connect_unix(path)
        guard descriptor >= 0 else { throw IOError(errnoCode: errno, reason: "connect to \(path)") }
        return descriptor
    }

    package var peerAddress: String? {
        guard state != .closed else { return nil }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { text in
            // The buffer is not empty, so there is a base.
            csockets_peer(descriptor, text.baseAddress!, text.count) == 0 ? String(cString: text.baseAddress!) : nil
        }
    }

    func isReady(_ events: UInt32) {
        if events == 0 { willContinue = false }
        guard state != .closed else { return }
        if isBroken || events & UInt32(csockets_peer_done | csockets_hang_up | csockets_error) != 0 { (isOver, mayRead) = (true, true) }
        if events & UInt32(csockets_in) != 0 { mayRead = true }
        if events & UInt32(csockets_out) != 0, !waiting.isEmpty { drain() }
        if mayRead, mayGoOn, state != .closed { read() }
    }

    /// The end of the other side is to be met, also where it is held back: the call that waits for this connection is over then.
    private var mayGoOn: Bool { isReading || isOver }

    private func continueLater() {
        guard !willContinue else { return }
        willContinue = true
        poll.finishLater(self)
    }

    // MARK: Reading

    private func read() {
        var hasReceived = false
        for _ in 0..<Self.readsAtOnce {
            var buffer = spare.take(for: readSize)
            buffer.reserveCapacity(readSize)
            let room = buffer.writableBytes
            let count = buffer.withUnsafeMutableWritableBytes { csockets_receive(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else {
                let isEmpty = count < 0 && errno == EAGAIN
                spare.giveBack(consume buffer)
                return met(isEmpty ? .nothingYet : count == 0 ? .end : .failure, hasReceived)
            }
            buffer.moveWriterIndex(forwardBy: count)
            adapt(count, room)
            hasReceived = true
            user?.received(buffer)
            spare.giveBack(consume buffer)
            guard state != .closed, mayGoOn else { break }
            // Fewer than there was room for are all that there were: more is told anew, unless what was told is the end.
            if count < room, !isOver {
                mayRead = false
                break
            }
        }
        guard state != .closed else { return }
        user?.receivedAll()
        if mayRead, mayGoOn { continueLater() }
    }

    private enum Met {
        case nothingYet, end, failure
    }

    /// There is nothing more to read, for now or for ever. What has been read is worked on first: it may be an answer, and answers are worth having also of
    /// who takes nothing more.
    private func met(_ what: Met, _ hasReceived: Bool) {
        if what == .nothingYet { mayRead = false }
        if hasReceived { user?.receivedAll() }
        if what != .nothingYet || isBroken { end(broken: isBroken || what == .failure) }
    }

    private func adapt(_ count: Int, _ room: Int) {
        if count == room {
            readSize = min(Self.mostRead, 4 * readSize)
        } else if count < readSize / 4 {
            readSize = max(Self.leastRead, readSize / 2)
        }
    }

    package func setReading(_ on: Bool) {
        isReading = on
        if on, mayRead { continueLater() }
    }

    // MARK: Writing

    package func write(_ bytes: ByteBuffer) {
        sendLate()
        if state == .open { put(bytes) }
    }

    package func send(_ bytes: consuming ByteBuffer) {
        sendLate()
        guard state == .open else { return }
        guard waiting.isEmpty else {
            put(bytes)
            return drain()
        }
        if bytes.readableBytes <= Self.shortMessage, poll.sendsLate(self) { late = bytes } else { sendNow(bytes) }
    }

    /// What waits for the others of this turn goes now.
    func sendLate() { if let bytes = late.take() { sendNow(bytes) } }

    private func sendNow(_ bytes: consuming ByteBuffer) {
        guard state == .open, !isBroken else { return }
        let count = bytes.withUnsafeReadableBytes { csockets_send(descriptor, $0.baseAddress, $0.count) }
        if count == bytes.readableBytes { return spare.giveBack(bytes) }
        if count < 0, errno != EAGAIN { return breakLater() }
        bytes.moveReaderIndex(forwardBy: max(0, count))
        put(bytes)
    }

    private func put(_ bytes: ByteBuffer) {
        guard !isBroken else { return }
        waiting.append(bytes)
        guard isWritable, waiting.count >= Self.highMark else { return }
        isWritable = false
        user?.writabilityChanged()
    }

    private func drain() {
        while let bytes = waiting.first {
            let count = bytes.withUnsafeReadableBytes { csockets_send(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno != EAGAIN { breakLater() }
                break
            }
            waiting.removeFirst(count)
        }
        if !isWritable, waiting.count < Self.lowMark {
            isWritable = true
            user?.writabilityChanged()
        }
        guard waiting.isEmpty else { return }
        switch state {
        case .open, .closed: break
        case .closingOutput: endOutput()
        case .closing: close()
        }
    }

    /// Whoever writes is in the middle of something, and hears of it in the next turn.
    private func breakLater() {
        isBroken = true
        waiting = PendingBytes()
        continueLater()
    }

    // MARK: The end

    package func closeOutput() {
        sendLate()
        guard state == .open else { return }
        state = .closingOutput
        if waiting.isEmpty { endOutput() } else { drain() }
    }

    private func endOutput() {
        // A connection that is broken is found out when it is read.
        shutdown(descriptor, CInt(SHUT_WR))
    }

    package func closeWhenWritten() {
        sendLate()
        guard state != .closed else { return }
        state = .closing
        if waiting.isEmpty { close() } else { drain() }
    }

    package func endOrdinarily() {
        var linger = linger(l_onoff: 0, l_linger: 0)
        // One that cannot take it is closed as it was to be.
        _ = setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
    }

    package func close() { end(broken: false) }

    private func end(broken: Bool) {
        // A complete answer is the client's, whatever comes behind it.
        if !broken { sendLate() }
        guard state != .closed else { return }
        _ = giveAway()
        Glibc.close(descriptor)
        let user = self.user.take()
        user?.ended(broken: broken)
    }

    /// Ends this connection without closing its socket, which is the caller's; the user hears no more of it.
    package func detach() -> CInt? {
        guard state == .open, late == nil, waiting.isEmpty else { return nil }
        user = nil
        return giveAway()
    }

    private func giveAway() -> CInt {
        state = .closed
        isWritable = false
        (late, waiting) = (nil, PendingBytes())
        poll.remove(descriptor)
        return descriptor
    }
}
