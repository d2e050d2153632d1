// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc
import NIOPosix
import Synchronization

/// One thread that waits for bytes in any pipe of any instance, and calls the one whose pipe it is.
///
/// It only tells that there is something: the reading is done under the instance's own lock, which other threads take as well. So the bytes of a
/// pipe keep their order, and an event loop that must know what was printed up to now reads it itself, at once.
final class OutputPump: Sendable {
    /// The bit that tells the pump's own wake-up from a pipe.
    private static let stopKey: UInt64 = 0

    private struct State {
        var next: UInt64 = stopKey + 1
        var readers: [UInt64: @Sendable () -> Void] = [:]
    }

    private let poll: CInt
    private let wake: CInt
    private let state = Mutex(State())
    private let thread = NIOThreadPool(numberOfThreads: 1)

    init() throws(LogFileError) {
        poll = epoll_create1(CInt(EPOLL_CLOEXEC))
        guard poll >= 0 else { throw LogFileError(operation: "make the poll for", path: "the output of instances", errno: errno) }
        wake = eventfd(0, CInt(EFD_CLOEXEC) | CInt(EFD_NONBLOCK))
        guard wake >= 0, Self.add(wake, key: Self.stopKey, to: poll) else {
            throw LogFileError(operation: "make the wake-up for", path: "the output of instances", errno: errno)
        }
        thread.start()
        thread.submit { [self] state in if case .active = state { run() } }
    }

    deinit {
        close(poll)
        close(wake)
    }

    /// Calls `ready` on the pump's thread whenever the descriptor has bytes or has ended, until ``unwatch(_:key:)``.
    ///
    /// - Returns: nil where the kernel refuses to watch it.
    func watch(_ descriptor: CInt, ready: @escaping @Sendable () -> Void) -> UInt64? {
        let key = state.withLock { state in
            state.next += 1
            state.readers[state.next] = ready
            return state.next
        }
        if Self.add(descriptor, key: key, to: poll) { return key }
        _ = state.withLock { $0.readers.removeValue(forKey: key) }
        return nil
    }

    /// After this no new call of `ready` begins, though one may just be running. Comes before the descriptor is closed.
    func unwatch(_ descriptor: CInt, key: UInt64) {
        _ = state.withLock { $0.readers.removeValue(forKey: key) }
        epoll_ctl(poll, EPOLL_CTL_DEL, descriptor, nil)
    }

    /// Ends the thread. Instances that still print are no longer heard.
    func stop() async throws {
        eventfd_write(wake, 1)
        try await thread.shutdownGracefully()
    }

    private func run() {
        var events = [epoll_event](repeating: epoll_event(), count: 64)
        while true {
            let count = epoll_wait(poll, &events, CInt(events.count), -1)
            for event in events.prefix(Int(max(0, count))) {
                if event.data.u64 == Self.stopKey { return }
                let reader = state.withLock { $0.readers[event.data.u64] }
                reader?()
            }
        }
    }

    private static func add(_ descriptor: CInt, key: UInt64, to poll: CInt) -> Bool {
        var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(u64: key))
        return epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event) == 0
    }
}
