// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Logging
import NATS
import Synchronization

/// Two loops: one stores what this host orders, one carries out what all order.
extension SharedQueue {
    /// About the most in one message: JetStream takes 1 MiB unless told otherwise.
    private static let messageBytes = 512 << 10

    func write() async {
        while let (number, orders) = await book.next(upTo: Self.messageBytes) {
            let bytes = OrderBytes.make(orders)
            let fields = [("Swiftlet-Host", options.host), ("Swiftlet-Session", session), ("Swiftlet-Number", String(number))]
            let begun = ContinuousClock.now
            var pause = Duration.milliseconds(50)
            while true {
                do {
                    // The same id each time: a message whose acknowledgement was lost is not stored again.
                    _ = try await jetStream.publish(subject, id: "\(session)-\(number)", headers: fields, bytes)
                    book.stored(number)
                    break
                } catch let refusal as JetStream.Refusal where refusal.code < 500 {
                    book.failed(number, refusal, andThoseBehind: false)
                    break
                } catch {
                    guard !Task.isCancelled, begun.duration(to: .now) < options.patience else {
                        logger.error("the queue cannot be written", metadata: ["error": "\(error)"])
                        book.failed(number, error, andThoseBehind: true)
                        break
                    }
                    if case NATSFailure.tooSlow = error { await leaveServer() }
                    if case NATSFailure.nobodyThere = error { await leaveServer() }
                    do { try await Task.sleep(for: pause) } catch { continue }
                    pause = min(pause * 2, .milliseconds(500))
                }
            }
        }
    }

    /// Another server of the cluster may have what this one lacks.
    private func leaveServer() async {
        do { await jetStream.client.leave(try await jetStream.client.connection()) } catch {
            logger.debug("no NATS server can be reached", metadata: ["error": "\(error)"])
        }
    }

    func read() async {
        while !Task.isCancelled {
            do { try await follow() } catch {
                guard !Task.isCancelled else { return }
                logger.warning("the log of the queue is read anew", metadata: ["error": "\(error)"])
                do { try await Task.sleep(for: .milliseconds(200)) } catch { return }
            }
        }
    }

    /// Reads and carries out, until the connection breaks.
    private func follow() async throws {
        let state = try await jetStream.state(of: stream)
        try await checkPlace(in: state)
        if state.first > (try await position.applied) + 1 { try await takeNewestCopy() }
        var applied = try await position.applied
        let reader = try await StreamReader(jetStream, stream: stream, from: .sequence(applied + 1))
        while true {
            let messages = try await reader.next()
            for message in messages {
                guard message.sequence == applied + 1 else {
                    throw QueueError(description: "message \(applied + 1) is missing in the log, \(message.sequence) is next")
                }
                applied = message.sequence
            }
            try await carryOut(messages)
        }
    }

    private func carryOut(_ messages: [StoredMessage]) async throws {
        let entries = try messages.map { message in
            guard let host = message.headers["Swiftlet-Host"], let session = message.headers["Swiftlet-Session"],
                let number = message.headers["Swiftlet-Number"].flatMap({ Int64($0) })
            else { throw QueueError(description: "message \(message.sequence) of the log '\(stream)' is not Swiftlet's") }
            return QueueLogEntry(
                sequence: message.sequence, host: host, session: session, number: number, orders: try OrderBytes.read(message.body))
        }
        let (outcomes, news) = try await copy.withLock { $0 }.apply(entries)
        for (entry, outcome) in zip(entries, outcomes) where entry.session == session { book.met(entry.number, outcome) }
        tell(news)
    }

    var position: (stream: String, applied: Int64) {
        get async throws { try await copy.withLock { $0 }.position() }
    }

    /// A copy follows one stream, and is never ahead of it.
    func checkPlace(in state: JetStream.StreamState) async throws {
        let (known, applied) = try await position
        if known.isEmpty { return try await copy.withLock { $0 }.follow(state.created) }
        guard known == state.created, applied <= state.last else {
            throw QueueError(
                description:
                    "the stream '\(stream)' is not the one that \(options.path) was made from, or NATS has lost its end (it has \(state.last)"
                    + " messages, \(applied) were seen here); to go on with what NATS has, stop the host and remove \(options.path)*")
        }
    }
}
