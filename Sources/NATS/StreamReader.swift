// SPDX-License-Identifier: Apache-2.0
internal import FunctionModel

/// A message of a stream.
public struct StoredMessage: Sendable {
    public var subject: String
    public var sequence: Int64
    /// How many there are behind it.
    public var pending: Int
    public var headers: NATSHeaders
    public var body: [UInt8]
}

/// Reads a stream in its order through a pull consumer of its own, without acknowledgements: who reads knows how far it came.
///
/// It is for one connection. Where that breaks, or the consumer goes with its server, ``next()`` throws, and the caller makes another one.
public final class StreamReader: Sendable {
    public enum Start: Sendable {
        case sequence(Int64)
        /// The last message of each subject, and what comes.
        case lastOfEachSubject
    }

    private static let batch = 1024
    /// Nanoseconds. A server that is silent for two heartbeats has forgotten the request.
    private static let patience: Int64 = 20_000_000_000
    private static let heartbeat: Int64 = 2_000_000_000

    private let connection: NATSConnection
    private let stream: String
    private let consumer: String
    private let mailbox: Mailbox<NATSMessage>
    private let subject: String
    private let cancel: @Sendable () -> Void
    private let progress = ReadingProgress()

    /// - Throws: ``JetStream/Refusal``, ``NATSFailure``.
    public init(_ jetStream: JetStream, stream: String, filter: String? = nil, from start: Start) async throws {
        connection = try await jetStream.client.connection()
        self.stream = stream
        var config: [String: JSONValue] = [
            "ack_policy": "none", "max_deliver": 1, "inactive_threshold": .integer(60_000_000_000), "num_replicas": 1, "mem_storage": true,
        ]
        if let filter { config["filter_subject"] = .string(filter) }
        switch start {
        case .sequence(let sequence):
            config["deliver_policy"] = "by_start_sequence"
            config["opt_start_seq"] = .integer(max(1, sequence))
        case .lastOfEachSubject: config["deliver_policy"] = "last_per_subject"
        }
        let made = try await jetStream.call(
            "CONSUMER.CREATE.\(stream)", ["stream_name": .string(stream), "config": .object(config)])
        consumer = made["name"]?.string ?? ""
        isEmpty = (made["num_pending"]?.integer ?? 0) == 0
        mailbox = Mailbox()
        (subject, cancel) = connection.receive(mailbox)
        ask()
    }

    deinit { cancel() }

    /// Whether there was nothing to read when it began.
    public let isEmpty: Bool

    private func ask() {
        progress.asked(Self.batch)
        let request: JSONValue = [
            "batch": .integer(Int64(Self.batch)), "expires": .integer(Self.patience), "idle_heartbeat": .integer(Self.heartbeat),
        ]
        connection.publish(
            NATSMessage(subject: "$JS.API.CONSUMER.MSG.NEXT.\(stream).\(consumer)", reply: subject, body: Array(request.text.utf8)))
    }

    /// Waits until there is something, and takes all that is there.
    public func next() async throws -> [StoredMessage] {
        while true {
            let watch = Task { [mailbox] in
                do { try await Task.sleep(for: .nanoseconds(Self.heartbeat * 5 / 2)) } catch { return }
                mailbox.put(.failure(NATSFailure.tooSlow(subject: "the consumer of \(stream)")))
            }
            defer { watch.cancel() }
            var messages: [StoredMessage] = []
            for message in try await mailbox.take() {
                switch message.headers.status {
                case nil:
                    messages.append(try Self.stored(message))
                    if progress.received() { ask() }
                case 100: break
                case 404, 408: ask()
                default: throw NATSFailure.refused("\(message.headers.status ?? 0) on a read of \(stream)")
                }
            }
            if !messages.isEmpty { return messages }
        }
    }

    /// Where a message stands is told by the subject for its acknowledgement:
    /// `$JS.ACK.[domain.account.]stream.consumer.deliveries.sequence.consumerSequence.time.pending[.token]`.
    private static func stored(_ message: NATSMessage) throws -> StoredMessage {
        var words = (message.reply ?? "").split(separator: ".")
        if words.count >= 11 { words.removeSubrange(2...3) }
        guard words.count >= 9, let sequence = Int64(words[5]), let pending = Int(words[8]) else {
            throw NATSProtocolError(description: "a message without a place in its stream: '\(message.reply ?? "")'")
        }
        return StoredMessage(subject: message.subject, sequence: sequence, pending: pending, headers: message.headers, body: message.body)
    }
}
