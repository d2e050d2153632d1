// SPDX-License-Identifier: Apache-2.0
import Glibc
import NIOCore
import Sockets
import Synchronization
import Testing

@Suite struct LoopTests {
    @Test("work from any thread runs on the loop's own, in the order in which it was given, also while the loop sleeps")
    func work() async throws {
        try await withLoop { thread in
            let seen = Mutex<[Int]>([])
            for round in 0..<20 {
                // Asleep, and in the midst of other work.
                if round % 2 == 0 { try await Task.sleep(for: .milliseconds(2)) }
                thread.loop.execute {
                    seen.withLock { $0.append(round) }
                    #expect(thread.loop.inEventLoop)
                }
            }
            try await thread.loop.submit {}.get()
            #expect(seen.withLock { $0 } == Array(0..<20))
            #expect(!thread.loop.inEventLoop)
        }
    }

    @Test("work that makes work does not keep others from their turn")
    func fairness() async throws {
        try await withLoop { thread in
            let isOver = Mutex(false)
            @Sendable func again() { if !isOver.withLock({ $0 }) { thread.loop.execute { again() } } }
            again()
            try await thread.loop.scheduleTask(in: .milliseconds(5)) {}.futureResult.get()
            isOver.withLock { $0 = true }
        }
    }

    @Test("timers fire in the order of their times, none before its own, and a cancelled one never")
    func timers() async throws {
        try await withLoop { thread in
            let seen = Mutex<[Int]>([])
            let begin = NIODeadline.now()
            func timer(_ milliseconds: Int64) -> Scheduled<Bool> {
                thread.loop.scheduleTask(in: .milliseconds(milliseconds)) {
                    seen.withLock { $0.append(Int(milliseconds)) }
                    return .now() - begin >= .milliseconds(milliseconds)
                }
            }
            let (late, cancelled, early) = (timer(30), timer(20), timer(10))
            cancelled.cancel()
            let inTime = (try await early.futureResult.get(), try await late.futureResult.get())
            #expect(inTime == (true, true))
            #expect(seen.withLock { $0 } == [10, 30])
            await #expect(throws: EventLoopError.self) { _ = try await cancelled.futureResult.get() }
        }
    }

    @Test("a loop that looks in vain for what comes soon does not look for long: its thread sleeps")
    func sleeping() async throws {
        try await withLoop { thread in
            @Sendable func used() -> Int64 {
                var time = timespec()
                clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
                return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
            }
            // The least of some looks: what a machine that is shared takes from the thread counts as its own.
            var least = 1.0
            for _ in 0..<10 where least >= 0.1 {
                let before = try await thread.loop.submit(used).get()
                let begin = NIODeadline.now()
                for _ in 0..<40 { try await thread.loop.scheduleTask(in: .milliseconds(5)) {}.futureResult.get() }
                least = min(least, Double(try await thread.loop.submit(used).get() - before) / Double((.now() - begin).nanoseconds))
            }
            #expect(least < 0.1)
        }
    }

    @Test("what a timer throws is its future's")
    func throwing() async throws {
        struct Failure: Error {}
        try await withLoop { thread in
            let timer = thread.loop.scheduleTask(in: .zero) { throw Failure() }
            await #expect(throws: Failure.self) { try await timer.futureResult.get() }
        }
    }
}

/// A loop on a thread of its own, which ends with `body`.
func withLoop(_ body: (SocketThread) async throws -> Void) async throws {
    let thread = try SocketThread(number: 7)
    let result: Result<Void, any Error>
    do { result = .success(try await body(thread)) } catch { result = .failure(error) }
    try await thread.loop.shutdownGracefully()
    try result.get()
}
