// SPDX-License-Identifier: Apache-2.0
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// A connection to one server. It is used until it breaks; ``NATSClient`` makes the next one.
public final class NATSConnection: Sendable {
    public let server: NATSServerInfo
    private let channel: any Channel
    private let handler: NIOLoopBound<NATSHandler>
    private let inbox: String
    /// Requests that wait for their answer, by the last word of the answer's subject.
    private let requests: NIOLoopBoundBox<[Int: EventLoopPromise<NATSMessage>]>
    private let lastRequest = Atomic<Int>(0)

    private init(_ server: NATSServerInfo, _ channel: any Channel, _ handler: NIOLoopBound<NATSHandler>, inbox: String) {
        self.server = server
        self.channel = channel
        self.handler = handler
        self.inbox = inbox
        requests = NIOLoopBoundBox.makeBoxSendingValue([:], eventLoop: channel.eventLoop)
    }

    /// - Throws: ``NATSFailure``, `IOError`.
    static func connect(
        to address: NATSCluster.Server, login: NATSCluster.Login?, group: any EventLoopGroup, random: UInt64
    ) async throws -> NATSConnection {
        let loop = group.next()
        let greeted = loop.makePromise(of: NATSServerInfo.self)
        let limit = loop.scheduleTask(in: .seconds(3)) { greeted.fail(NATSFailure.tooSlow(subject: "CONNECT")) }
        defer { limit.cancel() }
        let made = ClientBootstrap(group: loop).connectTimeout(.seconds(2)).channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(NATSFrameDecoder()))
                    try channel.pipeline.syncOperations.addHandler(NATSHandler(greeted: greeted, login: login))
                }
            }.connect(host: address.host, port: address.port)
        made.whenFailure { greeted.fail($0) }
        let server: NATSServerInfo
        do { server = try await greeted.futureResult.get() } catch {
            // One that is made in spite of all must not stay open.
            made.whenSuccess { $0.close(promise: nil) }
            throw error
        }
        let channel = try await made.get()
        let handler = try await channel.eventLoop.submit {
            NIOLoopBound(try channel.pipeline.syncOperations.handler(type: NATSHandler.self), eventLoop: channel.eventLoop)
        }.get()
        let connection = NATSConnection(server, channel, handler, inbox: "_INBOX.\(String(random, radix: 36))")
        connection.channel.eventLoop.execute { connection.takeAnswers() }
        return connection
    }

    private func takeAnswers() {
        _ = handler.value.subscribe("\(inbox).r.*") { [weak self] result in
            guard let self else { return }
            switch result {
            case .success(let message):
                guard let number = message.subject.split(separator: ".").last.flatMap({ Int($0) }) else { return }
                self.requests.value.removeValue(forKey: number)?.succeed(message)
            case .failure(let error):
                let waiting = self.requests.value
                self.requests.value = [:]
                for promise in waiting.values { promise.fail(error) }
            }
        }
    }

    public var isOpen: Bool { channel.isActive }

    public func close() { channel.close(promise: nil) }

    /// Sends it, and hears nothing of it.
    public func publish(_ message: NATSMessage) { channel.eventLoop.execute { self.handler.value.publish(message) } }

    /// - Throws: ``NATSFailure``.
    public func request(_ message: NATSMessage, within limit: Int = 5) async throws -> NATSMessage {
        let number = lastRequest.add(1, ordering: .relaxed).newValue
        let promise = channel.eventLoop.makePromise(of: NATSMessage.self)
        channel.eventLoop.execute {
            guard self.channel.isActive else { return promise.fail(NATSFailure.closed) }
            self.requests.value[number] = promise
            var sent = message
            sent.reply = "\(self.inbox).r.\(number)"
            self.handler.value.publish(sent)
            let timer = self.channel.eventLoop.scheduleTask(in: .seconds(Int64(limit))) {
                self.requests.value.removeValue(forKey: number)?.fail(NATSFailure.tooSlow(subject: message.subject))
            }
            promise.futureResult.whenComplete { _ in timer.cancel() }
        }
        let answer = try await promise.futureResult.get()
        if answer.headers.status == 503 { throw NATSFailure.nobodyThere(subject: message.subject) }
        return answer
    }

    /// Receives what comes on a subject of its own, until it is cancelled or the connection ends.
    func receive(_ mailbox: Mailbox<NATSMessage>) -> (subject: String, cancel: @Sendable () -> Void) {
        let subject = "\(inbox).s.\(lastRequest.add(1, ordering: .relaxed).newValue)"
        let number = NIOLoopBoundBox.makeBoxSendingValue(nil as Int?, eventLoop: channel.eventLoop)
        channel.eventLoop.execute {
            number.value = self.handler.value.subscribe(subject) { mailbox.put($0) }
        }
        return (
            subject,
            { [channel, handler] in
                channel.eventLoop.execute { if let number = number.value { handler.value.unsubscribe(number) } }
            }
        )
    }
}
