// SPDX-License-Identifier: Apache-2.0
internal import Activation
internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import Sockets

extension UpstreamConnection {
    /// Where a connection leads.
    enum Target {
        case instance(ActiveInstance)
        case controlAPI(socket: String)
    }

    static func open(
        _ target: Target, _ key: UpstreamPool.Key, http2: Bool, on loop: GatewayLoop,
        then: @escaping (Result<UpstreamConnection, any Error>) -> Void
    ) {
        let connection = UpstreamConnection(key: key, isStream: http2, loop: loop)
        guard let sockets = loop.sockets else { return connection.openChannel(target, on: loop, then: then) }
        func finish(_ descriptor: Result<CInt, any Error>) {
            then(
                descriptor.flatMap { descriptor in
                    Result {
                        connection.begin(on: try SocketConnection(descriptor, on: sockets, user: connection))
                        return connection
                    }
                })
        }
        switch target {
        case .controlAPI(let path): finish(Result { try SocketConnection.connect(unixDomainSocketPath: path) })
        case .instance(let instance):
            instance.openConnection(on: loop.eventLoop).assumeIsolated().whenComplete { result in
                if case .success(let descriptor) = result { Lingering.none(descriptor) }
                finish(result)
            }
        }
    }

    /// Beside a client whose bytes come through a channel, on an event loop of SwiftNIO's.
    private func openChannel(_ target: Target, on loop: GatewayLoop, then: @escaping (Result<UpstreamConnection, any Error>) -> Void) {
        let bound = NIOLoopBound(self, eventLoop: loop.eventLoop)
        let bootstrap = ClientBootstrap(group: loop.eventLoop).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(bound.value.channelWire()) }
        }
        func finish(_ channel: EventLoopFuture<any Channel>) {
            channel.assumeIsolated().whenComplete { result in then(result.map { _ in self }) }
        }
        switch target {
        case .controlAPI(let socket): finish(bootstrap.connect(unixDomainSocketPath: socket))
        case .instance(let instance) where isStream: finish(loop.http2.open(instance, self, on: loop))
        case .instance(let instance):
            instance.openConnection(on: loop.eventLoop).assumeIsolated().whenComplete { result in
                switch result {
                case .success(let descriptor):
                    Lingering.none(descriptor)
                    finish(bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1).withConnectedSocket(descriptor))
                case .failure(let error): then(.failure(error))
                }
            }
        }
    }

    func channelWire() -> ChannelWire { ChannelWire(user: self) { self.begin(on: $0) } }
}
