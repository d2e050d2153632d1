// SPDX-License-Identifier: Apache-2.0
public import Activation
internal import Dispatch
public import FunctionModel
public import InvocationQueue
public import Logging
public import NIOCore
public import NIOPosix
internal import NIOSSL
internal import NIOTLS
internal import Sockets
internal import Synchronization
public import Tracing

/// The one listener: event calls and HTTP calls go to instances, everything else to the control API.
public final class Gateway: RoutingSubscriber, Sendable {
    private enum State {
        case new
        case listening(Listener, secure: (any Channel)?)
        case stopped
    }

    let options: GatewayOptions
    private let activation: ActivationService
    private let group: MultiThreadedEventLoopGroup
    /// Those that read and write sockets themselves, and behind them those of SwiftNIO's, for TLS and HTTP/2.
    private let loops: [NIOLoopBoundBox<GatewayLoop>]
    private let plain: [SocketThread]
    private let state = Mutex(State.new)
    private let secureAddress = Mutex<SocketAddress?>(nil)
    private let identity = Mutex<TLSIdentity?>(nil)
    private let domainIdentities = DomainIdentities()
    private let newest = Mutex(RoutingTable())
    private let stopped: EventLoopPromise<Void>
    private let metrics: CallMetrics
    private let logger: Logger

    /// - Parameters:
    ///   - group: the event loops for TLS and HTTP/2. Plain connections are spread over as many threads of the gateway's own.
    ///   - queue: takes asynchronous calls; nil refuses them.
    ///   - random: for request ids; each event loop seeds a generator of its own from it.
    /// - Throws: `IOError` where the system has no threads or descriptors left.
    public init(
        options: GatewayOptions, activation: ActivationService, queue: (any InvocationQueue)? = nil, group: MultiThreadedEventLoopGroup,
        clock: HostClock = .system, random: @escaping @Sendable () -> UInt64 = { .random(in: .min ... .max) },
        metrics: CallMetrics = .none, tracer: (any Tracer)? = nil, logger: Logger
    ) throws {
        self.options = options
        self.activation = activation
        self.group = group
        self.metrics = metrics
        self.logger = logger
        stopped = group.any().makePromise()
        let neighbours = Neighbours()
        let channels = Array(group.makeIterator())
        plain = try channels.indices.map { try SocketThread(number: $0) }
        let eventLoops: [any EventLoop] = plain.map(\.loop) + channels
        loops = eventLoops.enumerated().map { number, eventLoop in
            NIOLoopBoundBox.makeBoxSendingValue(
                GatewayLoop(
                    number: number, eventLoop: eventLoop, options: options, activation: activation, queue: queue, clock: clock,
                    seed: random(), logger: logger, metrics: metrics.factory, tracer: tracer,
                    closeElsewhere: { neighbours.close($0, $1) }), eventLoop: eventLoop)
        }
        neighbours.set(loops)
        for (own, (thread, channels)) in zip(loops, zip(plain, loops.dropFirst(plain.count))) {
            let speakHTTP2 = HTTP2TakeOver(channels, logger)
            thread.loop.execute { own.value.use(thread.poll.value) { speakHTTP2.take($0, $1) } }
        }
        activation.observeEnds { neighbours.closeEverywhere($0) }
        activation.closesConnections { neighbours.close($0, $1) }
    }

    /// Binds and begins to accept.
    ///
    /// - Returns: the address that it listens on; ``tlsAddress`` has that for HTTPS.
    /// - Throws: ``CertificateUnusable``, or what `bind` says.
    public func start() async throws -> SocketAddress {
        let plain = try Listener(
            options.listeners.open(.plain, options.host, options.port), zip(self.plain, loops).map { ($0, $1) }, logger)
        do {
            let secure = try await bindTLS()
            let listening = state.withLock { state in
                guard case .new = state else { return false }
                state = .listening(plain, secure: secure)
                return true
            }
            guard listening else { throw ChannelError.inappropriateOperationForState }
            secureAddress.withLock { $0 = secure?.localAddress }
            try await plain.begin()
            return plain.address
        } catch {
            await plain.close()
            throw error
        }
    }

    /// Where HTTPS is taken, once ``start()`` has returned.
    public var tlsAddress: SocketAddress? { secureAddress.withLock { $0 } }

    /// Reads the certificate's files again, for the connections that come from now on.
    ///
    /// - Throws: ``CertificateUnusable``; the certificate then stays what it was.
    public func reloadCertificate() throws { try identity.withLock { $0 }?.reload() }

    private func bindTLS() async throws -> (any Channel)? {
        guard let tls = options.tls else { return nil }
        let identity = try TLSIdentity(tls, domainIdentities)
        self.identity.withLock { $0 = identity }
        return try await bind(tls.host, tls.port) { channel, loop in
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(NIOSSLServerHandler(context: identity.context))
            let handshake = Handshake(channel, loop)
            let bound = NIOLoopBound((loop, handshake), eventLoop: channel.eventLoop)
            try pipeline.addHandler(
                ApplicationProtocolNegotiationHandler { result, channel in
                    channel.eventLoop.makeCompletedFuture {
                        let (loop, handshake) = bound.value
                        channel.pipeline.syncOperations.removeHandler(handshake, promise: nil)
                        if case .negotiated("h2") = result { return try HTTP2Client.begin(on: channel, loop, scheme: "https") }
                        let client = ClientConnection(loop: loop, scheme: "https")
                        try channel.pipeline.syncOperations.addHandler(ChannelWire(user: client) { client.begin(on: $0) })
                    }
                })
            try pipeline.addHandler(handshake)
        }
    }

    private func bind(
        _ host: String, _ port: Int, _ begin: @escaping @Sendable (any Channel, GatewayLoop) throws -> Void
    ) async throws -> any Channel {
        let byLoop = Dictionary(uniqueKeysWithValues: loops.map { (ObjectIdentifier($0.eventLoop), $0) })
        return try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: ListenerHandOver.backlog)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let loop = byLoop[ObjectIdentifier(channel.eventLoop)] else { throw ChannelError.inappropriateOperationForState }
                    try begin(channel, loop.value)
                }
            }
            .withBoundSocket(options.listeners.open(.secure, host, port)).get()
    }

    /// ``start()``, then waits until ``stop()`` was called and has finished.
    public func run() async throws {
        _ = try await start()
        try await stopped.futureResult.get()
    }

    /// Accepts no more, lets what runs finish within `drainTime`, and closes everything.
    public func stop() async {
        let (plain, secure) = state.withLock { state -> (Listener?, (any Channel)?) in
            defer { state = .stopped }
            if case .listening(let plain, let secure) = state { return (plain, secure) }
            return (nil, nil)
        }
        // Before the port closes: whoever finds it closed knows that every answer from then on is its connection's last.
        await onEachLoop { loop, finished in
            loop.stoppingSince = loop.clock.now()
            finished.succeed()
        }
        await plain?.close()
        if let secure {
            // An error here says that it is closed already, which is what is wanted.
            await withCheckedContinuation { done in secure.close().whenComplete { _ in done.resume() } }
        }
        let limit = group.any().scheduleTask(in: options.drainTime) { [loops] in
            for loop in loops { loop.eventLoop.execute { loop.value.closeAll() } }
        }
        await onEachLoop { loop, finished in loop.drain(finished) }
        // Once more, for a connection that began to speak HTTP/2 meanwhile and is another loop's since.
        await onEachLoop { loop, finished in loop.drain(finished) }
        limit.cancel()
        await onEachLoop { loop, finished in
            loop.closeAll()
            finished.succeed()
        }
        stopped.succeed()
    }

    /// Ends the gateway's own threads, when nothing is left that was begun by a call; the last thing of all.
    public func end() async {
        for thread in plain {
            await withCheckedContinuation { done in thread.loop.shutdownGracefully(queue: .global()) { _ in done.resume() } }
        }
    }

    /// When this returns, every event loop routes by `snapshot`, and versions that are in it no more are draining.
    ///
    /// Where a version takes the place of one that has instances, it gets one before calls are sent to it, so that none of them meets a cold start.
    public func publish(_ snapshot: RoutingSnapshot) async {
        if options.tls != nil { domainIdentities.adopt(snapshot.domains, logger) }
        let (table, before) = newest.withLock { newest in
            let before = newest.functionNames
            newest = RoutingTable(snapshot, activation, options, metrics: metrics.factory, previous: newest)
            return (newest, before)
        }
        await activation.warmUp(for: snapshot, within: options.warmUpTime)
        await onEachLoop { loop, finished in
            loop.table = table
            finished.succeed()
        }
        activation.adopt(snapshot)
        activation.retire(allBut: Set(snapshot.functions.values.flatMap { $0.versions.values.map(\.key) }))
        for name in before.subtracting(table.functionNames) { metrics.functionGone(name) }
    }

    /// Connections at this moment: of clients, and idle ones to instances and to the control API.
    public func connections() async -> (clients: Int, idleUpstreams: Int) {
        let each = loops.map { loop in loop.eventLoop.submit { (loop.value.openConnections, loop.value.idle.count) } }
        var (clients, idle) = (0, 0)
        for future in each {
            do {
                let (open, waiting) = try await future.get()
                clients += open
                idle += waiting
            } catch {
                // The loop has ended, and has no connections.
            }
        }
        return (clients, idle)
    }

    /// Runs `body` on all loops at once, and waits until each has said that it is finished.
    private func onEachLoop(_ body: @escaping @Sendable (GatewayLoop, EventLoopPromise<Void>) -> Void) async {
        let all = loops.map { loop in
            let finished = loop.eventLoop.makePromise(of: Void.self)
            loop.eventLoop.execute { body(loop.value, finished) }
            return finished.futureResult
        }
        await withCheckedContinuation { done in
            EventLoopFuture.andAllComplete(all, on: group.any()).whenComplete { _ in done.resume() }
        }
    }
}

/// How one loop has another one close its idle connections to an instance.
private final class Neighbours: Sendable {
    private let loops = Mutex<[NIOLoopBoundBox<GatewayLoop>]>([])

    func set(_ all: [NIOLoopBoundBox<GatewayLoop>]) { loops.withLock { $0 = all } }

    func close(_ number: Int, _ instance: ActiveInstance) {
        let loop = loops.withLock { $0[number] }
        loop.eventLoop.execute { loop.value.closeConnections(to: instance) }
    }

    func closeEverywhere(_ instance: ActiveInstance) {
        for loop in loops.withLock({ $0 }) { loop.eventLoop.execute { loop.value.closeConnections(to: instance) } }
    }
}
