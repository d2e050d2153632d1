// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc

/// Waits on many descriptors at once (epoll, level-triggered). A descriptor leaves by itself when its last copy is closed.
public struct Poller: ~Copyable {
    public struct Ready: Sendable {
        public var token: UInt64
        public var readable: Bool
        public var writable: Bool
        public var hungUp: Bool
    }

    private let epoll: Descriptor

    public init() throws(SystemCallError) { epoll = Descriptor(owning: try systemCall("epoll_create1") { clinux_epoll_create() }) }

    public borrowing func add(_ descriptor: CInt, token: UInt64) throws(SystemCallError) {
        try systemCall("epoll_ctl ADD") { clinux_epoll_add(epoll.number, descriptor, Poller.read, token) }
    }

    /// Waits for an exceptional condition instead of data.
    public borrowing func addUrgent(_ descriptor: CInt, token: UInt64) throws(SystemCallError) {
        try systemCall("epoll_ctl ADD") { clinux_epoll_add(epoll.number, descriptor, Poller.urgent, token) }
    }

    public borrowing func change(_ descriptor: CInt, token: UInt64, alsoWritable: Bool) throws(SystemCallError) {
        let events = Poller.read | (alsoWritable ? Poller.write : 0)
        try systemCall("epoll_ctl MOD") { clinux_epoll_change(epoll.number, descriptor, events, token) }
    }

    public borrowing func remove(_ descriptor: CInt) throws(SystemCallError) {
        try systemCall("epoll_ctl DEL") { clinux_epoll_remove(epoll.number, descriptor) }
    }

    /// - Parameter milliseconds: how long to wait at most; nil waits for ever.
    public borrowing func wait(milliseconds: Int?) throws(SystemCallError) -> [Ready] {
        var tokens = [UInt64](repeating: 0, count: 64)
        var events = [UInt32](repeating: 0, count: 64)
        let timeout = CInt(clamping: milliseconds ?? -1)
        let count = try systemCall("epoll_wait") { clinux_epoll_wait(epoll.number, timeout, &tokens, &events, 64) }
        return (0..<Int(count)).map {
            Ready(
                token: tokens[$0], readable: events[$0] & Poller.read != 0, writable: events[$0] & Poller.write != 0,
                hungUp: events[$0] & Poller.gone != 0)
        }
    }

    // EPOLLIN, EPOLLPRI, EPOLLOUT, EPOLLERR and EPOLLHUP of linux/eventpoll.h.
    private static let read = 0x1 as UInt32
    private static let urgent = 0x2 as UInt32
    private static let write = 0x4 as UInt32
    private static let gone = 0x18 as UInt32
}

/// Signals as a descriptor: they are blocked in this thread and read instead.
public struct SignalReader: ~Copyable {
    public let descriptor: Descriptor

    public init(_ signals: [CInt]) throws(SystemCallError) {
        descriptor = Descriptor(owning: try systemCall("signalfd") { clinux_signals(signals, CInt(signals.count)) })
    }

    /// - Returns: nil where none is waiting.
    public borrowing func next() -> CInt? {
        let signal = clinux_next_signal(descriptor.number)
        return signal < 0 ? nil : signal
    }
}
