// SPDX-License-Identifier: Apache-2.0
public import Activation
public import FunctionModel
public import InvocationQueue
public import Logging
public import NIOCore
public import NIOPosix
internal import NIOSSL
internal import NIOTLS
internal import Synchronization
public import Tracing

/// The one listener: event calls and HTTP calls go to instances, everything else to the control API.
public final class Gateway: RoutingSubscriber, Sendable {
    private enum State {
        case new
        case listening([any Channel])
        case stopped
    }

    let options: GatewayOptions
    private let activation: ActivationService
    private let group: MultiThreadedEventLoopGroup
    private let loops: [NIOLoopBoundBox<GatewayLoop>]
    private let state = Mutex(State.new)
    private let secureAddress = Mutex<SocketAddress?>(nil)
    private let identity = Mutex<TLSIdentity?>(nil)
    private let domainIdentities = DomainIdentities()
    private let newest = Mutex(RoutingTable())
    private let stopped: EventLoopPromise<Void>
    private let metrics: CallMetrics
    private let logger: Logger

    /// - Parameters:
    ///   - group: the event loops that connections are spread over. Its size is the gateway's number of threads.
    ///   - queue: takes asynchronous calls; nil refuses them.
    ///   - random: for request ids; each event loop seeds a generator of its own from it.
    public init(
        options: GatewayOptions, activation: ActivationService, queue: (any InvocationQueue)? = nil, group: MultiThreadedEventLoopGroup,
        clock: HostClock = .system, random: @escaping @Sendable () -> UInt64 = { .random(in: .min ... .max) },
        metrics: CallMetrics = .none, tracer: (any Tracer)? = nil, logger: Logger
    ) {
        self.options = options
        self.activation = activation
        self.group = group
        self.metrics = metrics
        self.logger = logger
        stopped = group.any().makePromise()
        let neighbours = Neighbours()
        loops = Array(group.makeIterator()).enumerated().map { number, eventLoop in
            NIOLoopBoundBox.makeBoxSendingValue(
                GatewayLoop(
                    number: number, eventLoop: eventLoop, options: options, activation: activation, queue: queue, clock: clock,
                    seed: random(), logger: logger, metrics: metrics.factory, tracer: tracer,
                    closeElsewhere: { neighbours.close($0, $1) }), eventLoop: eventLoop)
        }
        neighbours.set(loops)
        activation.observeEnds { neighbours.closeEverywhere($0) }
        activation.closesConnections { neighbours.close($0, $1) }
    }

    /// Binds and begins to accept.
    ///
    /// - Returns: the address that it listens on; ``tlsAddress`` has that for HTTPS.
    /// - Throws: ``CertificateUnusable``, or what `bind` says.
    public func start() async throws -> SocketAddress {
        let plain = try await bind(.plain, options.host, options.port) { channel, loop in
            try channel.pipeline.syncOperations.addHandler(ClientConnection(loop: loop, scheme: "http"))
        }
        do {
            let secure = try await bindTLS()
            let listening = state.withLock { state in
                guard case .new = state else { return false }
                state = .listening([plain] + (secure.map { [$0] } ?? []))
                return true
            }
            guard listening, let address = plain.localAddress else { throw ChannelError.inappropriateOperationForState }
            secureAddress.withLock { $0 = secure?.localAddress }
            return address
        } catch {
            try await plain.close()
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
        return try await bind(.secure, tls.host, tls.port) { channel, loop in
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
                        try channel.pipeline.syncOperations.addHandler(ClientConnection(loop: loop, scheme: "https"))
                    }
                })
            try pipeline.addHandler(handshake)
        }
    }

    private func bind(
        _ name: ListenerHandOver.Name, _ host: String, _ port: Int, _ begin: @escaping @Sendable (any Channel, GatewayLoop) throws -> Void
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
            .withBoundSocket(options.listeners.open(name, host, port)).get()
    }

    /// ``start()``, then waits until ``stop()`` was called and has finished.
    public func run() async throws {
        _ = try await start()
        try await stopped.futureResult.get()
    }

    /// Accepts no more, lets what runs finish within `drainTime`, and closes everything.
    public func stop() async {
        let listeners = state.withLock { state -> [any Channel] in
            defer { state = .stopped }
            if case .listening(let channels) = state { return channels }
            return []
        }
        // Before the port closes: whoever finds it closed knows that every answer from then on is its connection's last.
        await onEachLoop { loop, finished in
            loop.stoppingSince = loop.clock.now()
            finished.succeed()
        }
        for listener in listeners {
            // An error here says that it is closed already, which is what is wanted.
            await withCheckedContinuation { done in listener.close().whenComplete { _ in done.resume() } }
        }
        let limit = group.any().scheduleTask(in: options.drainTime) { [loops] in
            for loop in loops { loop.eventLoop.execute { loop.value.closeAll() } }
        }
        await onEachLoop { loop, finished in loop.drain(finished) }
        limit.cancel()
        await onEachLoop { loop, finished in
            loop.closeAll()
            finished.succeed()
        }
        stopped.succeed()
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
