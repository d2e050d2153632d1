// SPDX-License-Identifier: Apache-2.0
internal import CSockets
package import Dispatch
internal import Glibc
internal import HeapModule
package import NIOCore
internal import Synchronization

/// An event loop for sockets that are read and written as they are. SwiftNIO's own has a channel and its pipeline between the kernel and the bytes: on the
/// way of a short call through the gateway that is an eighth of all that is not the kernel's (docs/benchmarks.md). To all that runs on an
/// `EventLoop` it is one; SwiftNIO's bootstraps want one of their own.
package final class SocketLoop: EventLoop {
    private typealias Work = @Sendable () -> Void

    private struct Timer: Comparable {
        let deadline: NIODeadline
        let number: UInt64

        static func < (one: Timer, other: Timer) -> Bool { (one.deadline, one.number) < (other.deadline, other.number) }
    }

    private struct Guarded {
        var work: [Work] = []
        var timers = Heap<Timer>()
        /// What the timers that were not cancelled are to do.
        var due: [UInt64: Work] = [:]
        var nextTimer: UInt64 = 0
        /// Whether the thread waits for sockets: it must be woken for anything else.
        var sleeps = false
        var isStopping = false
        var whenStopped: [Work] = []
    }

    private let guarded = Mutex(Guarded())
    private let thread = Atomic<UInt>(0)
    private let bell: CInt

    fileprivate init(bell: CInt) { self.bell = bell }

    deinit { Glibc.close(bell) }

    /// Becomes the calling thread's, and returns when it has been shut down.
    fileprivate func runHere(_ poll: NIOLoopBoundBox<SocketPoll>) {
        thread.store(UInt(pthread_self()), ordering: .relaxed)
        csockets_exact_timeouts()
        run(poll.value)
    }

    package var inEventLoop: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

    private func run(_ poll: SocketPoll) {
        var work: [Work] = []
        while let wait = prepareToWait(poll) {
            poll.turn(wait)
            takeWork(into: &work)
            for piece in work { piece() }
            work.removeAll(keepingCapacity: true)
        }
        // What was asked for before the end is done, and what that asks for. Whatever comes later is not.
        repeat {
            takeWork(into: &work)
            for piece in work { piece() }
            work.removeAll(keepingCapacity: true)
        } while guarded.withLock { !$0.work.isEmpty }
        // Another thread may get this one's number.
        thread.store(0, ordering: .relaxed)
        for callback in guarded.withLock({ $0.whenStopped }) { callback() }
    }

    /// - Returns: for how long the sockets may be waited for, in nanoseconds; nil where the loop ends.
    private func prepareToWait(_ poll: SocketPoll) -> Int64? {
        guarded.withLock { guarded in
            if guarded.isStopping { return nil }
            if !guarded.work.isEmpty || poll.hasUnfinished { return 0 }
            guard let next = guarded.timers.min else {
                guarded.sleeps = true
                return -1
            }
            let wait = (next.deadline - .now()).nanoseconds
            guarded.sleeps = wait > 0
            return max(0, wait)
        }
    }

    private func takeWork(into work: inout [Work]) {
        guarded.withLock { guarded in
            guarded.sleeps = false
            if let next = guarded.timers.min, next.deadline <= .now() {
                let now = NIODeadline.now()
                while let timer = guarded.timers.min, timer.deadline <= now {
                    guarded.timers.removeMin()
                    if let due = guarded.due.removeValue(forKey: timer.number) { work.append(due) }
                }
            }
            if work.isEmpty {
                swap(&work, &guarded.work)
            } else {
                work += guarded.work
                guarded.work.removeAll(keepingCapacity: true)
            }
        }
    }

    // MARK: Work

    package func execute(_ task: @escaping @Sendable () -> Void) {
        change { $0.work.append(task) }
    }

    private func change(_ body: (inout Guarded) -> Void) {
        let sleeps = guarded.withLock { guarded in
            body(&guarded)
            defer { guarded.sleeps = false }
            return guarded.sleeps
        }
        // An eventfd that is watched for changes need not be read, and takes more of these than a machine lives.
        if sleeps {
            var one: UInt64 = 1
            _ = Glibc.write(bell, &one, MemoryLayout<UInt64>.size)
        }
    }

    package func scheduleTask<T>(deadline: NIODeadline, _ task: @escaping @Sendable () throws -> T) -> Scheduled<T> {
        let promise = makePromise(of: T.self)
        let number = schedule(deadline) {
            do { promise.assumeIsolated().succeed(try task()) } catch { promise.fail(error) }
        }
        return Scheduled(promise: promise) { [guarded = self] in guarded.cancel(number) }
    }

    package func scheduleTask<T>(in delay: TimeAmount, _ task: @escaping @Sendable () throws -> T) -> Scheduled<T> {
        scheduleTask(deadline: .now() + delay, task)
    }

    private func schedule(_ deadline: NIODeadline, _ work: @escaping Work) -> UInt64 {
        var number: UInt64 = 0
        change { guarded in
            number = guarded.nextTimer
            guarded.nextTimer += 1
            guarded.timers.insert(Timer(deadline: deadline, number: number))
            guarded.due[number] = work
        }
        return number
    }

    private func cancel(_ number: UInt64) {
        // It goes outside of the lock: what goes with it may ask for something here.
        _ = guarded.withLock { $0.due.removeValue(forKey: number) }
    }

    package func shutdownGracefully(queue: DispatchQueue, _ callback: @escaping @Sendable ((any Error)?) -> Void) {
        change { guarded in
            guarded.isStopping = true
            guarded.whenStopped.append { queue.async { callback(nil) } }
        }
    }
}

/// A thread with an event loop and its sockets. It ends when its loop is shut down.
package struct SocketThread: Sendable {
    package let loop: SocketLoop
    package let poll: NIOLoopBoundBox<SocketPoll>

    /// - Throws: `IOError` where no descriptor or thread can be made.
    package init(number: Int) throws {
        let bell = csockets_event()
        guard bell >= 0 else { throw IOError(errnoCode: errno, reason: "eventfd") }
        let loop = SocketLoop(bell: bell)
        let sockets = try SocketPoll()
        try sockets.addBell(bell)
        let poll = NIOLoopBoundBox.makeBoxSendingValue(sockets, eventLoop: loop)
        try LoopThread.start(name: "calls-\(number)") { loop.runHere(poll) }
        (self.loop, self.poll) = (loop, poll)
    }
}
