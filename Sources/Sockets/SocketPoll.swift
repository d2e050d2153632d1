// SPDX-License-Identifier: Apache-2.0
internal import CSockets
internal import Glibc
internal import NIOCore

/// The sockets of one event loop, and which of them has something to do. To be used on that loop.
package final class SocketPoll {
    private static let atOnce: CInt = 256
    /// Short messages that wait for each other. To wake another process takes a large part of what a message takes, and one that is woken for many of
    /// them sleeps and wakes as much less often. More would have it wait for us, and us for it.
    private static let together = 16

    package let spare = SpareBuffers()
    private let descriptor: CInt
    private struct Watched {
        var socket: (any PolledSocket)?
        /// How often the number has been given up: news of the one before are not those of the one that has it now.
        var generation: UInt32 = 0
    }

    private var watched: [Watched] = []
    /// Those that have more to do than was done in this turn; the others come first.
    private var unfinished: [any PolledSocket] = []
    /// Those with a message that goes out with the others of this turn.
    private var late: [SocketConnection] = []
    private var lookout = Lookout()
    /// Whether other sockets of this turn are still to be heard: where nothing else is to do, nothing waits.
    private var hasMoreNews = false
    private let ready = UnsafeMutablePointer<csockets_ready>.allocate(capacity: Int(atOnce))

    /// - Throws: `IOError` where the process may open no more descriptors.
    init() throws {
        descriptor = csockets_poll()
        guard descriptor >= 0 else { throw IOError(errnoCode: errno, reason: "epoll_create1") }
    }

    deinit {
        ready.deallocate()
        Glibc.close(descriptor)
    }

    var hasUnfinished: Bool { !unfinished.isEmpty }

    /// - Parameter edge: whether it is told once of each change, in place of for as long as there is something to do.
    /// - Throws: `IOError` where the kernel's limit of watched descriptors is reached.
    func add(_ socket: any PolledSocket, _ number: CInt, _ events: UInt32, edge: Bool) throws {
        while watched.count <= Int(number) { watched.append(Watched()) }
        let token = UInt64(watched[Int(number)].generation) << 32 | UInt64(number)
        guard csockets_watch(descriptor, number, token, events, edge ? 1 : 0) == 0 else {
            throw IOError(errnoCode: errno, reason: "epoll_ctl")
        }
        watched[Int(number)].socket = socket
    }

    /// Wakes the loop, and has nothing to do.
    func addBell(_ number: CInt) throws {
        guard csockets_watch(descriptor, number, .max, UInt32(csockets_in), 1) == 0 else {
            throw IOError(errnoCode: errno, reason: "epoll_ctl")
        }
    }

    /// To be called before the descriptor is closed or given away.
    func remove(_ number: CInt) {
        guard watched.indices.contains(Int(number)), watched[Int(number)].socket != nil else { return }
        watched[Int(number)].socket = nil
        watched[Int(number)].generation &+= 1
        // It is in the set, so this cannot fail.
        _ = csockets_forget(descriptor, number)
    }

    func finishLater(_ socket: any PolledSocket) { unfinished.append(socket) }

    /// Asks for ``SocketConnection/sendLate()`` at the end of this turn, or before.
    ///
    /// - Returns: false where the message is to go out now.
    func sendsLate(_ socket: SocketConnection) -> Bool {
        if hasMoreNews { late.append(socket) }
        return hasMoreNews
    }

    private func sendLate() {
        guard !late.isEmpty else { return }
        for socket in late { socket.sendLate() }
        late.removeAll(keepingCapacity: true)
    }

    private func wait(_ nanoseconds: Int64) -> CInt {
        guard nanoseconds != 0, lookout.looksFirst() else { return csockets_wait(descriptor, ready, Self.atOnce, nanoseconds) }
        // What is there already says nothing of whether to look pays.
        var count = csockets_wait(descriptor, ready, Self.atOnce, 0)
        if count != 0 { return count }
        let time = nanoseconds < 0 ? Lookout.time : min(nanoseconds, Lookout.time)
        count = csockets_look(descriptor, ready, Self.atOnce, time)
        lookout.hasLooked(found: count != 0)
        return count != 0 ? count : csockets_wait(descriptor, ready, Self.atOnce, nanoseconds < 0 ? nanoseconds : nanoseconds - time)
    }

    /// Waits, and has every socket do what it can.
    ///
    /// - Parameter nanoseconds: how long at most; negative is for ever.
    func turn(_ nanoseconds: Int64) {
        let count = wait(nanoseconds)
        precondition(count >= 0, "epoll_wait of a descriptor of ours has failed with errno \(errno)")
        for index in 0..<Int(count) {
            let (token, events) = (ready[index].token, ready[index].events)
            let number = Int(token & 0xffff_ffff)
            guard number < watched.count, watched[number].generation == UInt32(token >> 32), let socket = watched[number].socket else {
                continue
            }
            hasMoreNews = index + 1 < count
            socket.isReady(events)
            if late.count >= Self.together { sendLate() }
        }
        hasMoreNews = false
        sendLate()
        guard !unfinished.isEmpty else { return }
        let rest = unfinished
        unfinished.removeAll(keepingCapacity: true)
        for socket in rest { socket.isReady(0) }
    }
}

/// What a ``SocketPoll`` watches.
protocol PolledSocket: AnyObject {
    /// - Parameter events: EPOLL*; 0 for one that was to finish later.
    func isReady(_ events: UInt32)
}
