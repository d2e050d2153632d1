// SPDX-License-Identifier: Apache-2.0
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// A request of the host's own to an instance, on a connection of its own, which it closes: a server with one thread must be free for the next caller.
enum OwnRequest {
    enum Outcome: Sendable {
        case answered(status: UInt)
        /// In words that follow the name of the request.
        case unanswered(String)
    }

    /// - Parameters:
    ///   - socket: connected already; nil makes one.
    ///   - completion: runs on the instance's home loop, once.
    static func send(
        _ method: HTTPMethod, _ path: String, _ headers: [(String, String)], to instance: ActiveInstance, over socket: CInt?,
        within limit: Int,
        completion: @escaping @Sendable (Outcome) -> Void
    ) {
        // SwiftNIO's bootstraps want an event loop of its own.
        let loop = instance.host.loops.any()
        let answer = loop.makePromise(of: Outcome.self)
        let timeLimit = loop.scheduleTask(in: .seconds(Int64(limit))) { answer.succeed(.unanswered("without an answer in \(limit) s")) }
        let connection = socket.map { loop.makeSucceededFuture($0) } ?? instance.openConnection(on: loop)
        connection.flatMap { descriptor in
            ClientBootstrap(group: loop).channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(StatusReader(answer))
                }
            }.withConnectedSocket(descriptor)
        }.whenComplete { result in
            switch result {
            case .failure: answer.succeed(.unanswered("because the port takes no connections"))
            case .success(let channel):
                var head = HTTPRequestHead(version: .http1_1, method: method, uri: path)
                head.headers = ["Host": "127.0.0.1:\(instance.port)", "Connection": "close"]
                if method == .POST { head.headers.add(name: "Content-Length", value: "0") }
                for (name, value) in headers { head.headers.add(name: name, value: value) }
                channel.write(HTTPClientRequestPart.head(head), promise: nil)
                channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
                answer.futureResult.whenComplete { _ in channel.close(promise: nil) }
            }
        }
        answer.futureResult.whenSuccess { outcome in
            timeLimit.cancel()
            instance.home.execute { completion(outcome) }
        }
    }
}

/// The status decides; body and everything else are left unread.
private final class StatusReader: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    private let answer: EventLoopPromise<OwnRequest.Outcome>

    init(_ answer: EventLoopPromise<OwnRequest.Outcome>) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let head) = unwrapInboundIn(data) else { return }
        answer.succeed(.answered(status: head.status.code))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        answer.succeed(.unanswered("with an answer that is not HTTP: \(error)"))
    }

    func channelInactive(context: ChannelHandlerContext) {
        answer.succeed(.unanswered("without an answer: the connection was closed"))
    }
}
