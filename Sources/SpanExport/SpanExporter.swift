// SPDX-License-Identifier: Apache-2.0
internal import FunctionModel
public import Logging
internal import Synchronization

/// Gathers spans and sends them to a collector, a few hundred at a time, without ever making a call wait: what a slow collector does not take is
/// dropped and counted.
public final class SpanExporter: Sendable {
    /// Sends one body of OTLP/HTTP in JSON to the collector's `/v1/traces`, and answers the status.
    public typealias Send = @Sendable (_ body: [UInt8]) async throws -> Int

    private struct State {
        var waiting: [FinishedSpan] = []
        var dropped = 0
    }

    private static let most = 8192
    private static let batch = 512

    private let state = Mutex(State())
    private let wakes = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    private let send: Send
    private let resource: JSONValue
    private let logger: Logger

    /// - Parameter attributes: of the resource: `service.name` and what else tells this host from others.
    public init(attributes: [String: String], logger: Logger, send: @escaping Send) {
        self.send = send
        self.logger = logger
        resource = [
            "attributes": .array(
                attributes.sorted { $0.key < $1.key }.map { ["key": .string($0.key), "value": ["stringValue": .string($0.value)]] })
        ]
    }

    func add(_ span: FinishedSpan) {
        let isFull = state.withLock { state in
            guard state.waiting.count < Self.most else {
                state.dropped += 1
                return false
            }
            state.waiting.append(span)
            return state.waiting.count >= Self.batch
        }
        if isFull { wake() }
    }

    func wake() { wakes.continuation.yield() }

    /// Sends until its task is cancelled: every `interval`, and as soon as a batch is full; then once more what is left.
    public func run(interval: Duration = .seconds(1)) async {
        let ticking = Task { [wakes] in
            while !Task.isCancelled {
                do { try await Task.sleep(for: interval) } catch { break }
                wakes.continuation.yield()
            }
        }
        await withTaskCancellationHandler {
            for await _ in wakes.stream { await sendAll() }
        } onCancel: {
            wakes.continuation.finish()
        }
        ticking.cancel()
        // A task of its own, since this one is cancelled by now.
        await Task { await self.sendAll() }.value
    }

    private func sendAll() async {
        while true {
            let (spans, dropped) = state.withLock { state in
                defer {
                    state.waiting.removeFirst(min(Self.batch, state.waiting.count))
                    state.dropped = 0
                }
                return (Array(state.waiting.prefix(Self.batch)), state.dropped)
            }
            if dropped > 0 { logger.warning("spans were dropped: the collector did not keep up", metadata: ["count": "\(dropped)"]) }
            if spans.isEmpty { return }
            do {
                let status = try await send(body(spans))
                if !(200..<300).contains(status) {
                    logger.warning("the collector refused spans", metadata: ["status": "\(status)", "count": "\(spans.count)"])
                }
            } catch {
                logger.warning("spans could not be sent to the collector", metadata: ["error": "\(error)", "count": "\(spans.count)"])
                return
            }
        }
    }

    private func body(_ spans: [FinishedSpan]) -> [UInt8] {
        let scope: JSONValue = ["scope": ["name": "swiftlet"], "spans": .array(spans.map(\.json))]
        let whole: JSONValue = ["resourceSpans": [["resource": resource, "scopeSpans": [scope]]]]
        var bytes: [UInt8] = []
        whole.append(to: &bytes)
        return bytes
    }
}
