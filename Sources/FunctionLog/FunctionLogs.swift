// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
public import NIOPosix
import Synchronization

/// The logs of all functions of this host, a folder each.
public final class FunctionLogs: InstanceLogSink {
    private let directory: String
    private let rotation: LogRotation
    private let queueLimit: Int
    private let pump: OutputPump
    private let threads: NIOThreadPool
    private let now: @Sendable () -> LogTime
    private let writers = Mutex<[String: FunctionLogWriter]>([:])

    /// - Parameters:
    ///   - directory: the folder in which each function gets one of its own; it is made where it is missing, in a folder that exists.
    ///   - queueLimit: bytes of one function's lines that may wait for the disk; what comes beyond them is dropped and counted.
    ///     The default holds a line of 10 MB, which the promise of the log names, also where the disk takes none of it for a while.
    ///   - threads: writes and reads the files.
    /// - Throws: ``LogFileError`` where the process has no descriptor left.
    public init(
        directory: String, rotation: LogRotation = LogRotation(), queueLimit: Int = 16 << 20, threads: NIOThreadPool,
        now: @escaping @Sendable () -> LogTime = LogTime.now
    ) throws(LogFileError) {
        self.directory = directory
        self.rotation = rotation
        self.queueLimit = queueLimit
        pump = try OutputPump()
        self.threads = threads
        self.now = now
    }

    public func begin(
        _ instance: InstanceID, function: String, version: String, standardOutput: CInt, standardError: CInt
    ) -> any InstanceLog {
        // Under the lock, as what else begins to write: until it has, the writer could be taken for one that nobody needs.
        let output = writers.withLock { writers in
            InstanceOutput(instance: instance, version: version, writer: writer(function, &writers), now: now)
        }
        return DrainedInstanceLog(output, standardOutput: standardOutput, standardError: standardError, pump: pump)
    }

    public func platform(_ message: String, instance: InstanceID, function: String, version: String) {
        let line = LogLine(time: now().text, stream: .platform, version: version, instance: instance, request: nil, message: message)
        writers.withLock { writers in
            let writer = writer(function, &writers)
            writer.takenAgain()
            writer.append(line)
        }
    }

    /// The log of a function, oldest line first. It is empty for one that never printed.
    ///
    /// - Parameters:
    ///   - tail: how many of the lines there are now come first; nil for all.
    ///   - follow: go on with each new line until the reading task is cancelled.
    public func lines(_ function: String, tail: Int? = nil, follow: Bool = false) -> LogLines {
        LogLines(writer: writer(function), threads: threads, tail: tail, follow: follow)
    }

    /// Removes the log of a deleted function. Lines that its instances still print begin a new one, which goes with the last of them.
    public func remove(_ function: String) async throws(LogFileError) { try await writer(function).remove() }

    /// Returns when every line that was said before is in its file, or is counted as one that the disk did not take.
    public func flush() async {
        for writer in writers.withLock({ Array($0.values) }) { await writer.flush() }
    }

    /// Ends the thread that reads the pipes, and writes what still waits. Call it when no instance is left.
    public func stop() async throws {
        try await pump.stop()
        await flush()
    }

    /// How many functions' logs are at hand. One that is deleted goes when its last instance has ended and its last reader has left.
    package var functionCount: Int { writers.withLock { $0.count } }

    private func writer(_ function: String) -> FunctionLogWriter { writers.withLock { writer(function, &$0) } }

    private func writer(_ function: String, _ writers: inout [String: FunctionLogWriter]) -> FunctionLogWriter {
        if let writer = writers[function] { return writer }
        // The names of functions are letters, digits, `_` and `-`; should anything else come here, it must not lead to another folder.
        let folder = function.replacing("/", with: "_").replacing(".", with: "_").replacing("\0", with: "_")
        let writer = FunctionLogWriter(
            directory: "\(directory)/\(folder)", rotation: rotation, limit: queueLimit, threads: threads, now: now,
            whenGone: { [weak self] in self?.forget(function) })
        writers[function] = writer
        return writer
    }

    private func forget(_ function: String) {
        writers.withLock { writers in
            if let writer = writers[function], writer.isGone { writers[function] = nil }
        }
    }
}
