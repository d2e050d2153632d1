// SPDX-License-Identifier: Apache-2.0
import FunctionLog
import FunctionModel
import Glibc
import NIOPosix
import Testing

/// Logs in a folder of their own, with threads of their own, that are gone when the test is over.
struct LogFixture {
    let directory: String
    let logs: FunctionLogs

    static func with(
        rotation: LogRotation = LogRotation(), queueLimit: Int = 4 << 20, _ body: (LogFixture) async throws -> Void
    ) async throws {
        var template = Array("/tmp/swiftlet-log-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let threads = NIOThreadPool(numberOfThreads: 2)
        threads.start()
        let logs = try FunctionLogs(directory: directory, rotation: rotation, queueLimit: queueLimit, threads: threads)
        let result: Result<Void, any Error>
        do {
            try await body(LogFixture(directory: directory, logs: logs))
            result = .success(())
        } catch {
            result = .failure(error)
        }
        try await logs.remove("f")
        try await logs.stop()
        try await threads.shutdownGracefully()
        #expect(rmdir(directory) == 0, "the removed log left something behind")
        try result.get()
    }

    /// An instance with the ends of its pipes that its program would hold.
    func instance(_ name: String = "c-1") throws -> (log: any InstanceLog, out: CInt, err: CInt) {
        var out: [CInt] = [-1, -1]
        var err: [CInt] = [-1, -1]
        try #require(pipe(&out) == 0 && pipe(&err) == 0)
        // Not for the programs that other tests start meanwhile.
        for end in out + err { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let id = try #require(InstanceID(name))
        return (logs.begin(id, function: "f", version: "LATEST", standardOutput: out[0], standardError: err[0]), out[1], err[1])
    }

    func line(_ message: String) throws -> LogLine {
        LogLine(time: "t", stream: .stdout, version: "LATEST", instance: try #require(InstanceID("c-1")), request: nil, message: message)
    }

    func read(tail: Int? = nil) async throws -> [LogLine] {
        var lines: [LogLine] = []
        for try await line in logs.lines("f", tail: tail) { lines.append(line) }
        return lines
    }

    /// Reads until a line says `message`: whatever was printed before it is on disk by then.
    func readUntil(_ message: String) async throws -> [LogLine] {
        var lines: [LogLine] = []
        for try await line in logs.lines("f", follow: true) {
            lines.append(line)
            if line.message == message { break }
        }
        return lines
    }
}

/// Writes all of `text`, waiting as a program would.
func print(_ text: some Collection<UInt8>, to descriptor: CInt) {
    var rest = Array(text)[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return }
        rest = rest.dropFirst(count)
    }
}

/// Runs blocking work on a thread of its own.
func onOwnThread(_ work: @escaping @Sendable () -> Void) async {
    let threads = NIOThreadPool(numberOfThreads: 1)
    threads.start()
    await withCheckedContinuation { continuation in
        threads.submit { _ in
            work()
            continuation.resume()
        }
    }
    do { try await threads.shutdownGracefully() } catch { Issue.record(error) }
}

/// How many descriptors of this process lead below a folder.
func openFiles(below directory: String) throws -> Int {
    let listing = try #require(opendir("/proc/self/fd"))
    defer { closedir(listing) }
    var count = 0
    while let entry = readdir(listing) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        var target = [UInt8](repeating: 0, count: 4096)
        let length = target.withUnsafeMutableBytes { bytes in
            bytes.baseAddress.map { readlink("/proc/self/fd/\(name)", $0.assumingMemoryBound(to: CChar.self), bytes.count) } ?? -1
        }
        if length > 0, String(decoding: target.prefix(length), as: UTF8.self).hasPrefix(directory + "/") { count += 1 }
    }
    return count
}
