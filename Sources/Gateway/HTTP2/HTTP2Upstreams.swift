// SPDX-License-Identifier: Apache-2.0
internal import Activation
internal import NIOCore
internal import NIOHTTP2
internal import NIOPosix

/// The HTTP/2 connections of one event loop to instances, one an instance: each call is a stream on it.
final class HTTP2Upstreams {
    private final class Connection {
        let multiplexer: EventLoopFuture<NIOHTTP2Handler.StreamMultiplexer>
        var channel: (any Channel)?
        var streams = 0
        var idleSince: NIODeadline

        init(_ multiplexer: EventLoopFuture<NIOHTTP2Handler.StreamMultiplexer>, now: NIODeadline) {
            self.multiplexer = multiplexer
            idleSince = now
        }
    }

    private var connections: [ObjectIdentifier: Connection] = [:]

    var isEmpty: Bool { connections.isEmpty }

    /// A stream to `instance`, with `handler` at its end.
    func open(_ instance: ActiveInstance, _ handler: UpstreamConnection, on loop: GatewayLoop) -> EventLoopFuture<any Channel> {
        let key = ObjectIdentifier(instance)
        let connection = connections[key] ?? connect(instance, key, loop)
        connection.streams += 1
        let bound = NIOLoopBound((handler, connection, loop), eventLoop: loop.eventLoop)
        return connection.multiplexer.flatMap { multiplexer in
            multiplexer.createStreamChannel { stream in
                stream.eventLoop.makeCompletedFuture {
                    try stream.pipeline.syncOperations.addHandler(FunctionStream())
                    try stream.pipeline.syncOperations.addHandler(bound.value.0.channelWire())
                    stream.closeFuture.assumeIsolated().whenComplete { _ in
                        let (_, connection, loop) = bound.value
                        connection.streams -= 1
                        connection.idleSince = loop.roughNow
                    }
                }
            }
        }.flatMapErrorThrowing { error in
            bound.value.1.streams -= 1
            throw error
        }
    }

    private func connect(_ instance: ActiveInstance, _ key: ObjectIdentifier, _ loop: GatewayLoop) -> Connection {
        let eventLoop = loop.eventLoop
        let channel = instance.openConnection(on: eventLoop).flatMap { descriptor in
            ClientBootstrap(group: eventLoop).channelOption(.tcpOption(.tcp_nodelay), value: 1).withConnectedSocket(descriptor)
        }
        let multiplexer = channel.flatMap { channel in
            channel.configureHTTP2Pipeline(mode: .client, connectionConfiguration: .init(), streamConfiguration: .init()) { stream in
                // A function has nothing to ask of us.
                stream.close()
            }
        }
        let connection = Connection(multiplexer, now: loop.roughNow)
        connections[key] = connection
        let bound = NIOLoopBound((self, connection), eventLoop: eventLoop)
        channel.whenComplete { result in
            let (upstreams, connection) = bound.value
            switch result {
            case .success(let channel):
                connection.channel = channel
                channel.closeFuture.whenComplete { _ in bound.value.0.forget(key, bound.value.1) }
            case .failure: upstreams.forget(key, connection)
            }
        }
        return connection
    }

    private func forget(_ key: ObjectIdentifier, _ connection: Connection) {
        if connections[key] === connection { connections[key] = nil }
    }

    func close(_ key: ObjectIdentifier) { connections[key]?.channel?.close(promise: nil) }

    func closeOlder(than oldest: NIODeadline) {
        for connection in connections.values where connection.streams == 0 && connection.idleSince < oldest {
            connection.channel?.close(promise: nil)
        }
    }

    func closeAll() { for connection in connections.values { connection.channel?.close(promise: nil) } }
}
