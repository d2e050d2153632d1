// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc

/// What one instance prints, and what is remembered of it: which invocation runs, the last lines of the newest one, the last lines of all.
struct InstanceOutput {
    /// Bytes of lines kept for the error of an instance that ended, and for the tail of a request.
    private static let kept = 16 * 1024

    private let instance: InstanceID
    private let version: String
    private let writer: FunctionLogWriter
    private let now: @Sendable () -> LogTime
    private struct Running {
        let id: RequestID
        let trace: String?
    }

    private var requests: [Running] = []
    private var output = TextTail(limit: kept)
    private var newestRequest: RequestID?
    private var newestEnd: String?
    /// What the marks of its calls have in common.
    private let frame: PlatformFrame
    private var framePlace = LogQueue.FramePlace()
    private var requestLines = TextTail(limit: kept)

    init(instance: InstanceID, version: String, writer: FunctionLogWriter, now: @escaping @Sendable () -> LogTime) {
        self.instance = instance
        self.version = version
        self.writer = writer
        self.now = now
        frame = PlatformFrame(number: writer.instanceBegun(), version: version, instance: instance)
    }

    /// To be called once, when nothing more is read from it.
    func ended() { writer.instanceEnded() }

    /// How many requests run now.
    var running: Int { requests.count }

    mutating func printed(_ line: String, _ stream: LogLine.Stream) {
        output.append(line)
        write(line, stream, requests.count == 1 ? requests.first : nil)
    }

    mutating func requestStarted(_ request: RequestID, trace: String? = nil) {
        requests.append(Running(id: request, trace: trace))
        newestRequest = request
        newestEnd = nil
        requestLines.clear()
        marker(.start, request, trace, "")
    }

    mutating func requestFinished(_ request: RequestID, error: String?) {
        let rest = error.map { ", Error: " + $0 } ?? ""
        if request == newestRequest { newestEnd = rest }
        let index = requests.firstIndex { $0.id == request }
        marker(.end, request, index.flatMap { requests[$0].trace }, rest)
        if let index { requests.remove(at: index) }
    }

    mutating func platform(_ message: String, request: RequestID?) {
        write(message, .platform, request.map { request in Running(id: request, trace: requests.first { $0.id == request }?.trace) })
    }

    private mutating func marker(_ mark: CallMark, _ request: RequestID, _ trace: String?, _ rest: String) {
        let time = now()
        if trace == nil, rest.isEmpty, writer.append(mark, time, request, frame, &framePlace) { return }
        writer.append(
            LogLine(
                time: time.text, stream: .platform, version: version, instance: instance, request: request, trace: trace,
                message: "\(mark.words)" + request.text + rest))
    }

    func lastOutput(bytes: Int) -> String { output.last(bytes: bytes, separator: "\n", terminated: false) }

    func tail(_ request: RequestID, bytes: Int) -> String {
        guard request == newestRequest else { return "" }
        var lines = requestLines
        lines.prepend("\(CallMark.start.words)" + request.text)
        if let newestEnd { lines.append("\(CallMark.end.words)" + request.text + newestEnd) }
        return lines.last(bytes: bytes, separator: "\r\n", terminated: true)
    }

    private mutating func write(_ message: String, _ stream: LogLine.Stream, _ request: Running?) {
        if let request, request.id == newestRequest { requestLines.append(message) }
        writer.append(
            LogLine(
                time: now().text, stream: stream, version: version, instance: instance, request: request?.id, trace: request?.trace,
                message: message))
    }
}
