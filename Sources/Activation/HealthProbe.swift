// SPDX-License-Identifier: Apache-2.0
internal import FunctionModel
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// One `GET` of a function's health path on a connection of its own, which it closes: a server with one thread must be free for the next caller.
enum HealthProbe {
    enum Outcome: Sendable {
        case healthy
        /// In words that follow "check function health failed".
        case unhealthy(String)
    }

    /// `completion` runs on the instance's home loop, once.
    static func run(_ instance: ActiveInstance, _ check: HealthCheck, over socket: CInt?, completion: @escaping @Sendable (Outcome) -> Void)
    {
        let loop = instance.home
        let answer = loop.makePromise(of: Outcome.self)
        let limit = loop.scheduleTask(in: .seconds(Int64(check.timeout))) {
            answer.succeed(.unhealthy("without an answer in \(check.timeout) s"))
        }
        let connection = socket.map { loop.makeSucceededFuture($0) } ?? instance.openConnection(on: loop)
        connection.flatMap { descriptor in
            ClientBootstrap(group: loop).channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(HealthAnswer(answer))
                }
            }.withConnectedSocket(descriptor)
        }.whenComplete { result in
            switch result {
            case .failure: answer.succeed(.unhealthy("because the port takes no connections"))
            case .success(let channel):
                var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: check.path)
                head.headers = ["Host": "127.0.0.1:\(instance.port)", "User-Agent": "swiftlet-health-check", "Connection": "close"]
                channel.write(HTTPClientRequestPart.head(head), promise: nil)
                channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
                answer.futureResult.whenComplete { _ in channel.close(promise: nil) }
            }
        }
        answer.futureResult.whenSuccess { outcome in
            limit.cancel()
            completion(outcome)
        }
    }
}

/// The status decides; body and everything else are left unread.
private final class HealthAnswer: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    private let answer: EventLoopPromise<HealthProbe.Outcome>

    init(_ answer: EventLoopPromise<HealthProbe.Outcome>) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let head) = unwrapInboundIn(data) else { return }
        let status = head.status.code
        answer.succeed((200...399).contains(status) ? .healthy : .unhealthy("with status code: \(status)"))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        answer.succeed(.unhealthy("with an answer that is not HTTP: \(error)"))
    }

    func channelInactive(context: ChannelHandlerContext) {
        answer.succeed(.unhealthy("without an answer: the connection was closed"))
    }
}

/// The periodic check of a running instance, where its function asks for one.
enum HealthWatch {
    static func begin(_ instance: ActiveInstance) {
        guard let check = instance.version.configuration.healthCheck else { return }
        next(instance, check, failures: 0)
    }

    private static func next(_ instance: ActiveInstance, _ check: HealthCheck, failures: Int) {
        instance.home.scheduleTask(in: .seconds(Int64(check.period))) {
            guard case .ready = instance.progress.value else { return }
            guard instance.activator.mayProbe(instance) else { return next(instance, check, failures: failures) }
            HealthProbe.run(instance, check, over: nil) { outcome in
                switch outcome {
                case .healthy: next(instance, check, failures: 0)
                case .unhealthy(let words) where failures + 1 >= check.failureThreshold:
                    instance.platform("Instance is unhealthy: check failed \(words)")
                    instance.activator.unhealthy(instance)
                case .unhealthy: next(instance, check, failures: failures + 1)
                }
            }
        }
    }
}
