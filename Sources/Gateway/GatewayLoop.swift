// SPDX-License-Identifier: Apache-2.0
internal import Activation
internal import CoreMetrics
internal import FunctionModel
internal import Logging
internal import NIOCore

/// Everything that one event loop owns: its copy of the routing table, its idle connections, its clients. Nothing here is seen by another loop.
final class GatewayLoop {
    /// How often time limits are looked at; no limit fires later than this after its time.
    private static let tickTime = TimeAmount.milliseconds(50)

    let number: Int
    let eventLoop: any EventLoop
    let options: GatewayOptions
    let activation: ActivationService
    let clock: HostClock
    let logger: Logger
    let metrics: any MetricsFactory
    /// Closes what another loop holds of an instance that serves one call at a time.
    let closeElsewhere: @Sendable (_ loop: Int, ActiveInstance) -> Void
    let allocator = ByteBufferAllocator()
    var table = RoutingTable()
    let idle = UpstreamPool()
    var stopping = false
    private var random: LoopRandom
    private var date = HTTPDate()
    private var clients: [ObjectIdentifier: ClientConnection] = [:]
    private var ticking = false
    private var whenEmpty: [EventLoopPromise<Void>] = []

    init(
        number: Int, eventLoop: any EventLoop, options: GatewayOptions, activation: ActivationService, clock: HostClock, seed: UInt64,
        logger: Logger, metrics: any MetricsFactory,
        closeElsewhere: @escaping @Sendable (Int, ActiveInstance) -> Void
    ) {
        self.number = number
        self.eventLoop = eventLoop
        self.options = options
        self.activation = activation
        self.clock = clock
        self.logger = logger
        self.metrics = metrics
        self.closeElsewhere = closeElsewhere
        random = LoopRandom(state: seed)
    }

    func newRequestID() -> RequestID { RequestID(seconds: clock.unixMilliseconds() / 1000, using: &random) }

    func randomNumber() -> UInt64 { random.next() }

    /// The `Date` field of an answer.
    func dateLine() -> ByteBuffer { date.line(unixMilliseconds: clock.unixMilliseconds()) }

    var openConnections: Int { clients.count }

    func add(_ client: ClientConnection) {
        clients[ObjectIdentifier(client)] = client
        guard !ticking else { return }
        ticking = true
        scheduleTick()
    }

    func remove(_ client: ClientConnection) {
        clients[ObjectIdentifier(client)] = nil
        if clients.isEmpty, stopping {
            for promise in whenEmpty { promise.succeed() }
            whenEmpty = []
        }
    }

    /// Ends connections that wait for a request; the others end with their answer, since `stopping` is set.
    func drain(_ finished: EventLoopPromise<Void>) {
        if clients.isEmpty { return finished.succeed() }
        whenEmpty.append(finished)
        for client in Array(clients.values) { client.stop() }
    }

    func closeAll() {
        for client in Array(clients.values) { client.closeNow() }
        idle.closeAll()
    }

    private func scheduleTick() {
        eventLoop.assumeIsolated().scheduleTask(in: Self.tickTime) { self.tick() }
    }

    private func tick() {
        let now = clock.now()
        for client in Array(clients.values) { client.tick(now) }
        idle.closeOlder(than: now - options.idleConnectionTime)
        if clients.isEmpty && idle.isEmpty { ticking = false } else { scheduleTick() }
    }
}

/// SplitMix64, seeded once: request ids must be unique and need not be secret, and a system call for each would cost more than the rest of it.
struct LoopRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
