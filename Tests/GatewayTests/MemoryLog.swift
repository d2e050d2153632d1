// SPDX-License-Identifier: Apache-2.0
import FunctionLog
import FunctionModel
import Glibc
import Synchronization

/// A log in memory: what an instance "printed" is given beforehand.
final class MemoryLog: InstanceLogSink, InstanceLog {
    private let written = Mutex<[String]>([])
    private let printed: String

    init(printed: String = "Traceback: boom") { self.printed = printed }

    var lines: [String] { written.withLock { $0 } }
    private func add(_ line: String) { written.withLock { $0.append(line) } }

    func begin(_ instance: InstanceID, function: String, version: String, standardOutput: CInt, standardError: CInt) -> any InstanceLog {
        close(standardOutput)
        close(standardError)
        add("begin \(function) \(version)")
        return self
    }

    func platform(_ message: String, instance: InstanceID, function: String, version: String) { add(message) }
    func requestStarted(_ request: RequestID, trace: String?) { add("FC Invoke Start RequestId: \(request)") }
    func requestFinished(_ request: RequestID, error: String?) {
        add("FC Invoke End RequestId: \(request)" + (error.map { ", Error: \($0)" } ?? ""))
    }
    func platform(_ message: String, request: RequestID?) { add(message) }
    func lastOutput(bytes: Int, completion: @escaping @Sendable (String) -> Void) { completion(printed) }
    func tail(_ request: RequestID, bytes: Int, completion: @escaping @Sendable (String) -> Void) {
        completion("FC Invoke Start RequestId: \(request)\r\n\(printed)\r\nFC Invoke End RequestId: \(request)\r\n")
    }
    func end() {}
}
