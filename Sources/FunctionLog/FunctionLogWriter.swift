// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc
internal import NIOCore
package import NIOPosix
import Synchronization

/// Takes one function's lines from any thread without waiting, and writes them in order on a thread of the pool.
///
/// Between the two lies a queue with a bound. What does not fit, since the disk is slow or full, is dropped and counted, and the count is written
/// as a line as soon as there is room again. A function thus never waits for its log.
package final class FunctionLogWriter: Sendable {
    private struct State {
        var queue: LogQueue
        var pace = LogPace()
        /// How many instances may still print.
        var instances = 0
        /// How many ever were.
        var begun: UInt32 = 0
        var isFileOpen = false
        /// The function is deleted, and no instance of a new one of its name has begun: what its last instances say goes with them.
        var isRemoved = false
        /// Files are being removed at this moment.
        var isRemoving = false
        /// Who waits for the files to be removed.
        var removals: [@Sendable (Result<Void, LogFileError>) -> Void] = []
        /// Who waits until nothing is left to write.
        var flushes: [CheckedContinuation<Void, Never>] = []
        var followers: [UInt64: @Sendable () -> Void] = [:]
        var nextFollower: UInt64 = 0

        /// Whether there is something to do that waits for no other lines.
        var isAsked: Bool { !removals.isEmpty || !flushes.isEmpty || isFileOpen && instances == 0 }
    }

    private enum Work {
        /// With those who asked before it was taken: they wait for no line that came later.
        case write(LogQueue.Batch, [CheckedContinuation<Void, Never>])
        case removeFiles([@Sendable (Result<Void, LogFileError>) -> Void])
        case tell([CheckedContinuation<Void, Never>])
        case close
    }

    let directory: LogDirectory
    private let rotation: LogRotation
    private let threads: NIOThreadPool
    private let now: @Sendable () -> LogTime
    private let whenGone: @Sendable () -> Void
    private let state: Mutex<State>
    /// Touched only by the one draining task at a time, so the lock is never waited for.
    private let output = Mutex<LogFile?>(nil)

    /// - Parameters:
    ///   - directory: the function's own folder; it is made with the first line.
    ///   - limit: bytes of lines that may wait for the disk.
    ///   - whenGone: called when ``isGone`` has become true, maybe more than once.
    package init(
        directory: String, rotation: LogRotation, limit: Int, threads: NIOThreadPool, now: @escaping @Sendable () -> LogTime,
        whenGone: @escaping @Sendable () -> Void = {}
    ) {
        self.directory = LogDirectory(path: directory)
        self.rotation = rotation
        self.threads = threads
        self.now = now
        self.whenGone = whenGone
        state = Mutex(State(queue: LogQueue(limit: limit)))
    }

    deinit { output.withLock { $0?.close() } }

    /// An instance may print from now on, until as many of ``instanceEnded()``.
    ///
    /// - Returns: a number that no other of them has.
    func instanceBegun() -> UInt32 {
        state.withLock { state in
            state.instances += 1
            state.begun &+= 1
            state.isRemoved = false
            return state.begun
        }
    }

    /// With the last one the file is closed: a host has more functions than descriptors.
    func instanceEnded() {
        let isLast = state.withLock { state in
            state.instances -= 1
            return state.instances == 0
        }
        if isLast { startDraining() }
    }

    /// Whether the function is deleted and nobody writes or reads any more.
    var isGone: Bool {
        state.withLock { state in
            state.isRemoved && state.instances == 0 && state.queue.isEmpty && !state.isFileOpen && state.removals.isEmpty
                && !state.isRemoving && state.followers.isEmpty
        }
    }

    /// The name is that of a function again.
    func takenAgain() { state.withLock { $0.isRemoved = false } }

    /// Queues one line. Returns at once.
    package func append(_ line: LogLine) {
        let order = state.withLock { state in
            state.queue.append(line, at: now())
            return state.pace.came(line: true, bytes: state.queue.count)
        }
        follow(order)
    }

    /// The same for the mark of a call.
    ///
    /// - Parameters:
    ///   - frame: what the marks of its instance have in common.
    ///   - place: where the frame was put last; it is the instance's own.
    /// - Returns: false where it must come as a ``LogLine``.
    func append(
        _ mark: CallMark, _ time: LogTime, _ request: RequestID, _ frame: PlatformFrame, _ place: inout LogQueue.FramePlace
    ) -> Bool {
        let order = state.withLock { state -> LogPace.Order? in
            guard state.queue.append(mark, time, request, frame, &place) else { return nil }
            return state.pace.came(line: false, bytes: state.queue.count)
        }
        guard let order else { return false }
        follow(order)
        return true
    }

    private func follow(_ order: LogPace.Order) {
        switch order {
        case .nothing: break
        case .write: submit()
        case .wait(let time, let turn):
            MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: time) {
                if self.state.withLock({ $0.pace.timePassed(turn) }) { self.submit() }
            }
        }
    }

    /// Removes the files; lines that wait are dropped. Lines that come later begin a new log; where only instances that are alive now still print, it
    /// goes with the last of them.
    package func remove() async throws(LogFileError) {
        let result = await withCheckedContinuation { continuation in
            state.withLock { state in
                _ = state.queue.take()
                state.isRemoved = true
                state.removals.append { continuation.resume(returning: $0) }
            }
            startDraining()
        }
        try result.get()
    }

    /// Returns when every line that was queued before is in the file, or is counted as one that could not be.
    package func flush() async {
        await withCheckedContinuation { continuation in
            state.withLock { $0.flushes.append(continuation) }
            startDraining()
        }
    }

    /// Calls `wake` after each write, from a thread of the pool, until the returned number is handed to ``removeFollower(_:)``.
    func addFollower(_ wake: @escaping @Sendable () -> Void) -> UInt64 {
        state.withLock { state in
            state.nextFollower += 1
            state.followers[state.nextFollower] = wake
            return state.nextFollower
        }
    }

    func removeFollower(_ number: UInt64) {
        _ = state.withLock { $0.followers.removeValue(forKey: number) }
        tellIfGone()
    }

    private func startDraining() { if state.withLock({ $0.pace.begins() }) { submit() } }

    private func submit() {
        threads.submit { [self] activity in
            if case .active = activity { return drain() }
            // The pool ends with the host: nobody is left to write, but whoever waits must hear of it.
            let stopped = LogFileError(operation: "remove", path: directory.path, errno: ECANCELED)
            let (removals, flushes) = state.withLock { state in
                defer { (state.removals, state.flushes, state.pace) = ([], [], LogPace()) }
                return (state.removals, state.flushes)
            }
            for completion in removals { completion(.failure(stopped)) }
            for continuation in flushes { continuation.resume() }
        }
    }

    /// Does one piece of work, and has itself called again: logs of other functions and their readers come between.
    private func drain() {
        guard let work = nextWork() else { return goOn() }
        switch consume work {
        case .write(let batch, let flushes):
            write(batch)
            for continuation in flushes { continuation.resume() }
        case .removeFiles(let completions):
            let result = removeFiles()
            state.withLock { $0.isRemoving = false }
            tellIfGone()
            for completion in completions { completion(result) }
        case .tell(let flushes):
            tellIfGone()
            for continuation in flushes { continuation.resume() }
        case .close: output.withLock { $0.take()?.close() }
        }
        for wake in state.withLock({ Array($0.followers.values) }) { wake() }
        goOn()
    }

    private func goOn() {
        follow(state.withLock { $0.isAsked ? .write : $0.pace.ended(bytes: $0.queue.count, hasLines: $0.queue.hasLines) })
        tellIfGone()
    }

    private func tellIfGone() { if isGone { whenGone() } }

    private func nextWork() -> Work? {
        state.withLock { state in
            if !state.removals.isEmpty {
                defer { state.removals = [] }
                (state.isFileOpen, state.isRemoving) = (false, true)
                return .removeFiles(state.removals)
            }
            if let batch = state.queue.take() {
                state.isFileOpen = true
                defer { state.flushes = [] }
                return .write(batch, state.flushes)
            }
            if state.isFileOpen, state.instances == 0 {
                state.isFileOpen = false
                state.queue.rest()
                state.isRemoving = state.isRemoved
                return state.isRemoved ? .removeFiles([]) : .close
            }
            if !state.flushes.isEmpty {
                defer { state.flushes = [] }
                return .tell(state.flushes)
            }
            return nil
        }
    }

    private func write(_ batch: consuming LogQueue.Batch) {
        do throws(LogFileError) {
            let open = output.withLock { $0.take() }
            var file: LogFile
            if let open { file = open } else { file = try LogFile(directory: directory, rotation: rotation) }
            do throws(LogFileError) {
                try file.append(batch.bytes, batch.frames)
            } catch {
                // Opened anew by the next batch, which also mends a folder that someone removed.
                file.close()
                throw error
            }
            output.withLock { [file] in $0 = file }
            // Handed over, so that nobody else holds its memory.
            var written: LogQueue.Batch? = consume batch
            state.withLock { state in if let batch = written.take() { state.queue.reuse(batch) } }
        } catch {
            state.withLock { $0.queue.lost(batch, because: error.description) }
        }
    }

    private func removeFiles() -> Result<Void, LogFileError> {
        output.withLock { $0.take()?.close() }
        return Result { () throws(LogFileError) in try directory.remove() }
    }
}
