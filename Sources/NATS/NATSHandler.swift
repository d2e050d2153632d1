// SPDX-License-Identifier: Apache-2.0
internal import FunctionModel
internal import NIOCore

/// One connection's end of the protocol, all on its event loop: greets, answers pings, hands out messages.
final class NATSHandler: ChannelInboundHandler {
    typealias InboundIn = NATSFrame
    typealias OutboundOut = ByteBuffer

    /// A server that is silent for two of these is taken for gone.
    private static let pingPause = TimeAmount.seconds(3)

    private let greeted: EventLoopPromise<NATSServerInfo>
    private let login: NATSCluster.Login?
    private var context: ChannelHandlerContext?
    private var info: NATSServerInfo?
    private var subscriptions: [Int: (Result<NATSMessage, any Error>) -> Void] = [:]
    private var lastSubscription = 0
    private var awaitedPongs = 0
    private var pings: RepeatedTask?

    init(greeted: EventLoopPromise<NATSServerInfo>, login: NATSCluster.Login?) { (self.greeted, self.login) = (greeted, login) }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .info(let text): informed(text, context)
        case .message(let subscription, let message): subscriptions[subscription]?(.success(message))
        case .ping: write("PONG\r\n")
        case .pong:
            awaitedPongs = 0
            if let info { greeted.succeed(info) }
        case .ok: break
        case .error(let text): errorCaught(context: context, error: NATSFailure.refused(text))
        }
    }

    /// The first one begins the talk; later ones tell of other servers.
    private func informed(_ text: String, _ context: ChannelHandlerContext) {
        do {
            let isFirst = info == nil
            info = try NATSServerInfo(JSONValue(parsing: text))
            guard isFirst else { return }
        } catch { return errorCaught(context: context, error: error) }
        var options: [String: JSONValue] = [
            "verbose": false, "pedantic": false, "lang": "swift", "version": "1", "name": "swiftlet", "headers": true,
            "no_responders": true,
            "protocol": 1,
        ]
        if let login {
            options["user"] = .string(login.user)
            options["pass"] = .string(login.password)
        }
        write("CONNECT \(JSONValue.object(options).text)\r\nPING\r\n")
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        pings = context.eventLoop.scheduleRepeatedTask(initialDelay: Self.pingPause, delay: Self.pingPause) { _ in bound.value.pingServer()
        }
    }

    private func pingServer() {
        guard let context else { return }
        guard awaitedPongs < 2 else { return errorCaught(context: context, error: NATSFailure.silent) }
        awaitedPongs += 1
        write("PING\r\n")
    }

    func subscribe(_ subject: String, _ receive: @escaping (Result<NATSMessage, any Error>) -> Void) -> Int {
        lastSubscription += 1
        subscriptions[lastSubscription] = receive
        if context == nil { receive(.failure(NATSFailure.closed)) }
        write("SUB \(subject) \(lastSubscription)\r\n")
        return lastSubscription
    }

    func unsubscribe(_ subscription: Int) {
        guard subscriptions.removeValue(forKey: subscription) != nil else { return }
        write("UNSUB \(subscription)\r\n")
    }

    func publish(_ message: NATSMessage) {
        guard let context else { return }
        let block = message.headers.block
        let reply = message.reply.map { "\($0) " } ?? ""
        var buffer = context.channel.allocator.buffer(capacity: message.body.count + block.count + 128)
        if block.isEmpty {
            buffer.writeString("PUB \(message.subject) \(reply)\(message.body.count)\r\n")
        } else {
            buffer.writeString("HPUB \(message.subject) \(reply)\(block.count) \(block.count + message.body.count)\r\n")
            buffer.writeBytes(block)
        }
        buffer.writeBytes(message.body)
        buffer.writeString("\r\n")
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    private func write(_ text: String) {
        guard let context else { return }
        context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(string: text)), promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { fail(NATSFailure.closed) }

    private func fail(_ error: any Error) {
        pings?.cancel()
        context = nil
        greeted.fail(error)
        let receivers = subscriptions.values
        subscriptions = [:]
        for receive in receivers { receive(.failure(error)) }
    }
}
