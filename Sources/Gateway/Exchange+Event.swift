// SPDX-License-Identifier: Apache-2.0
internal import Activation
internal import FunctionLog
internal import FunctionModel
internal import NIOCore
internal import NIOHTTP1

/// The answer of an event call: always 200, the body alone is the image's. Source: Function Compute contract §8.2 to §8.4.
extension Exchange {
    /// Bytes of log that `x-fc-log-result` carries, before base64.
    private static let logBytes = 4096

    var heldLimit: Int {
        if case .event(_, withLog: true) = kind { loop.options.heldAnswerBytesWithLog } else { loop.options.heldAnswerBytes }
    }

    /// The answer is too long to be kept: from here on it streams.
    func releaseHeld(_ error: Bool, _ body: ByteBuffer, _ upstream: UpstreamConnection) {
        let framing = head.version == .http1_0 ? Framing.untilClose : .chunked
        keepAlive = mayKeepAlive && head.version != .http1_0
        writeEventHead(errorType: error ? "InvocationError" : nil, length: nil, log: nil)
        answer = .streaming(framing)
        pass(body, framing)
        pauseIfBlocked(upstream)
    }

    func finishHeld(_ error: Bool, _ body: ByteBuffer, _ upstream: UpstreamConnection) {
        guard case .event(_, withLog: true) = kind, let lease, let log = lease.instance.log else {
            writeHeld(error ? "InvocationError" : nil, body, log: nil)
            giveBack(upstream)
            return client.exchangeEnded(self, keepAlive: keepAlive)
        }
        // The place is kept until the log has told: the next call's lines would take the place of these.
        phase = .awaitingLog
        ended(error ? .functionError : .success)
        upstream.end(reusable: reusable && requestEnded)
        withTail(of: log, error: error ? "InvocationError" : nil) { text in
            self.writeHeld(error ? "InvocationError" : nil, body, log: text)
            self.phase = .over
            self.client.exchangeEnded(self, keepAlive: self.keepAlive)
        }
    }

    /// An error of the call itself, told as the answer of the function.
    func writeFunctionError(_ message: String, type: String) {
        writeHeld(type, ByteBuffer(string: ErrorBody.invocation(message)), log: nil)
    }

    func writeHeld(_ errorType: String?, _ body: ByteBuffer, log: String?) {
        keepAlive = mayKeepAlive
        writeEventHead(errorType: errorType, length: body.readableBytes, log: log)
        client.write(body)
    }

    /// Ends the request in the log, waits for what the log has of it, and only then gives the place back.
    private func withTail(of log: any InstanceLog, error: String?, then: @escaping (String) -> Void) {
        guard let lease, let version else { return }
        self.lease = nil
        let took = elapsed
        let bound = NIOLoopBound((self, then), eventLoop: loop.eventLoop)
        let eventLoop = loop.eventLoop
        let summary = summary(took, version)
        log.requestFinished(id, error: error)
        log.tail(id, bytes: Self.logBytes - summary.utf8.count) { text in
            lease.finish(.completed)
            eventLoop.execute {
                let (exchange, then) = bound.value
                if !exchange.isOver { then(text + summary) }
            }
        }
    }

    private func summary(_ took: TimeAmount, _ version: ResolvedVersion) -> String {
        let billed = (took.nanoseconds + 999_999) / 1_000_000
        return
            "\nDuration: \(Self.milliseconds(took)) ms, Billed Duration: \(billed) ms, Memory Size: \(version.version.configuration.memorySize) MB"
    }

    private func writeEventHead(errorType: String?, length: Int?, log: String?) {
        guard let version else { return }
        var out = HeadWriter(.ok, capacity: 768, in: loop.scratch)
        out.add("Content-Type", errorType != nil && length != nil && answerIsOurs ? "application/json" : "application/octet-stream")
        out.add(lines: loop.dateLine())
        out.add("X-Fc-Request-Id", id)
        if let instance = servedBy { out.add("X-Fc-Instance-Id", instance.id.text) }
        out.add("X-Fc-Invocation-Duration", Int(elapsed.nanoseconds / 1_000_000))
        out.add(lines: version.answerLines)
        if let errorType { out.add("X-Fc-Error-Type", errorType) }
        if let log { out.add("X-Fc-Log-Result", base64(log.utf8.suffix(Self.logBytes))) }
        if let coldStart { out.add("Server-Timing", Self.timing(coldStart)) }
        if let length { out.add(contentLength: length) } else if head.version != .http1_0 { out.add("Transfer-Encoding", "chunked") }
        if !keepAlive { out.add("Connection", "close") } else if head.version == .http1_0 { out.add("Connection", "keep-alive") }
        out.end()
        client.write(loop.bytes(of: out, room: min(length ?? 0, PendingWrite.together)))
    }

    private var answerIsOurs: Bool { if case .held = answer { false } else { true } }

    static func timing(_ start: ColdStart) -> String {
        start.phases.map { "\($0.phase.rawValue.lowercased());dur=\(milliseconds($0.time))" }.joined(separator: ", ")
    }

    /// With two digits after the point.
    static func milliseconds(_ amount: TimeAmount) -> String {
        let hundredths = (amount.nanoseconds + 5_000) / 10_000
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}

/// RFC 4648 §4.
func base64(_ bytes: some Collection<UInt8>) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var result: [UInt8] = []
    result.reserveCapacity((bytes.count + 2) / 3 * 4)
    var rest = Array(bytes)[...]
    while !rest.isEmpty {
        let group = Array(rest.prefix(3))
        rest = rest.dropFirst(3)
        let bits = (0..<3).reduce(0) { $0 << 8 | ($1 < group.count ? Int(group[$1]) : 0) }
        for index in 0..<4 {
            result.append(index <= group.count ? digits[bits >> (18 - 6 * index) & 63] : UInt8(ascii: "="))
        }
    }
    return String(decoding: result, as: UTF8.self)
}
