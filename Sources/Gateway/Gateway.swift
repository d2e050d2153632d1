// SPDX-License-Identifier: Apache-2.0
public import Activation
internal import Dispatch
public import FunctionModel
public import InvocationQueue
public import Logging
public import NIOCore
public import NIOPosix
internal import Sockets
internal import Synchronization
public import Tracing

/// The front door, plain and over TLS: event calls and HTTP calls go to instances, everything else to the control API.
public final class Gateway: RoutingSubscriber, Sendable {
    private enum State {
        case new
        case bound([Listener])
        case stopped
    }

    let options: GatewayOptions
    private let activation: ActivationService
    private let group: MultiThreadedEventLoopGroup
    /// Those that read and write sockets themselves, and behind them those of SwiftNIO's, for TLS and HTTP/2.
    private let loops: [NIOLoopBoundBox<GatewayLoop>]
    private let plain: [SocketThread]
    /// Takes the connections that come, and spreads them over all.
    private var home: SocketThread { plain[0] }
    private let state = Mutex(State.new)
    private let secureAddress = Mutex<SocketAddress?>(nil)
    private let identity = Mutex<TLSIdentity?>(nil)
    private let domainIdentities = DomainIdentities()
    private let newest = Mutex(RoutingTable())
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

    /// Binds. Who connects from now on waits until ``begin()``.
    ///
    /// - Returns: the address that it listens on; ``tlsAddress`` has that for HTTPS.
    /// - Throws: ``CertificateUnusable``, or what `bind` says.
    public func bind() async throws -> SocketAddress {
        let secure = try options.tls.map { tls in (tls, SecureConnections(try TLSIdentity(tls, domainIdentities), logger)) }
        let plain = try Listener(
            options.listeners.open(.plain, options.host, options.port), on: home,
            zip(self.plain, loops).map { PlainConnections($0, $1, logger).serve })
        var listeners = [plain]
        do {
            if let (tls, connections) = secure {
                let listener = try Listener(
                    options.listeners.open(.secure, tls.host, tls.port), on: home,
                    loops.dropFirst(self.plain.count).map { loop in { connections.serve($0, on: loop) } })
                listeners.append(listener)
                identity.withLock { $0 = connections.identity }
                secureAddress.withLock { $0 = listener.address }
            }
            let isFirst = state.withLock { state in
                guard case .new = state else { return false }
                state = .bound(listeners)
                return true
            }
            guard isFirst else { throw ChannelError.inappropriateOperationForState }
            return plain.address
        } catch {
            for listener in listeners { await listener.close() }
            throw error
        }
    }

    /// Begins to take connections. What answers behind the gateway must be there by now.
    ///
    /// - Throws: what the kernel says; `ChannelError.alreadyClosed` after ``stop(whenHeard:)``.
    public func begin() async throws {
        guard case .bound(let listeners) = state.withLock({ $0 }) else { throw ChannelError.alreadyClosed }
        for listener in listeners { try await listener.begin() }
    }

    /// Where HTTPS is taken, once ``bind()`` has returned.
    public var tlsAddress: SocketAddress? { secureAddress.withLock { $0 } }

    /// Whether ``stop(whenHeard:)`` was called: nobody is heard any more who connects.
    public var isStopping: Bool { state.withLock { if case .stopped = $0 { true } else { false } } }

    /// Reads the certificate's files again, for the connections that come from now on.
    ///
    /// - Throws: ``CertificateUnusable``; the certificate then stays what it was.
    public func reloadCertificate() throws { try identity.withLock { $0 }?.reload() }

    /// Accepts no more, lets what runs finish within `drainTime`, and closes everything.
    ///
    /// - Parameter whenHeard: called once, when every request to the control API has its answer begun and none can follow; at the latest when two thirds
    ///   of `drainTime` are over.
    public func stop(whenHeard: @escaping @Sendable () -> Void = {}) async {
        let listeners = state.withLock { state -> [Listener] in
            defer { state = .stopped }
            if case .bound(let listeners) = state { return listeners }
            return []
        }
        // Before the port closes: whoever finds it closed knows that every answer from then on is its connection's last.
        await onEachLoop { loop, finished in
            loop.stoppingSince = loop.clock.now()
            finished.succeed()
        }
        for listener in listeners { await listener.close() }
        let limit = group.any().scheduleTask(in: options.drainTime) { [loops] in
            for loop in loops { loop.eventLoop.execute { loop.value.closeAll() } }
        }
        let patience = group.any().scheduleTask(in: .nanoseconds(options.drainTime.nanoseconds / 3 * 2)) { [loops] in
            for loop in loops { loop.eventLoop.execute { loop.value.hearNoMore() } }
        }
        async let heard: Void = heardAll(whenHeard)
        await onEachLoop { loop, finished in loop.drain(finished) }
        // Once more, for a connection that began to speak HTTP/2 meanwhile and is another loop's since.
        await onEachLoop { loop, finished in loop.drain(finished) }
        limit.cancel()
        patience.cancel()
        await onEachLoop { loop, finished in
            loop.closeAll()
            finished.succeed()
        }
        await heard
    }

    private func heardAll(_ then: () -> Void) async {
        await onEachLoop { loop, finished in loop.hear(finished) }
        // Once more, for the same reason as a stop waits twice.
        await onEachLoop { loop, finished in loop.hear(finished) }
        then()
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
