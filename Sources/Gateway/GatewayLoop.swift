// SPDX-License-Identifier: Apache-2.0
internal import Activation
internal import CoreMetrics
internal import FunctionModel
internal import InvocationQueue
internal import Logging
internal import NIOCore
internal import Sockets
internal import Tracing

/// Everything that one event loop owns: its copy of the routing table, its idle connections, its clients. Nothing here is seen by another loop.
final class GatewayLoop {
    /// How often time limits are looked at; with up to 512 clients no limit fires later than this after its time,
    /// with more than those no later than a second.
    private static let tickTime = TimeAmount.milliseconds(50)
    private static let ticksPerSecond = 20
    private static let tickedAtOnce = 512

    let number: Int
    let eventLoop: any EventLoop
    let options: GatewayOptions
    let activation: ActivationService
    /// Takes asynchronous calls; nil refuses them.
    let queue: (any InvocationQueue)?
    let clock: HostClock
    let logger: Logger
    /// Whether the host's log has a line for each call.
    let tellsCalls: Bool
    let metrics: any MetricsFactory
    let tracer: (any Tracer)?
    /// Whether there is one: to ask that costs less than to take it.
    let traces: Bool
    /// Closes what another loop holds of an instance that serves one call at a time.
    let closeElsewhere: @Sendable (_ loop: Int, ActiveInstance) -> Void
    let allocator = ByteBufferAllocator()
    let scratch = HeadScratch()
    var table = RoutingTable()
    let idle = UpstreamPool()
    var credentials = RoleCredentials()
    /// When the host began to stop.
    var stoppingSince: NIODeadline?
    var stopping: Bool { stoppingSince != nil }
    private var random: LoopRandom
    private var date = HTTPDate()
    let http2 = HTTP2Upstreams()
    private var clients: [any LoopClient] = []
    private var nextToTick = 0
    private var ticking = false
    /// The time at the last tick, for what may be off by one of them: reading the clock a dozen times a call would show.
    private(set) var roughNow: NIODeadline
    private var roughUnixMilliseconds: Int64
    private var reading = Reading.none
    /// Where this loop reads and writes sockets itself; nil on an event loop of SwiftNIO's, where bytes come through channels.
    private(set) var sockets: SocketPoll?
    /// Takes over a connection whose client speaks HTTP/2, with the bytes that have come.
    private(set) var speakHTTP2: (CInt, ByteBuffer) -> Void = { _, _ in }
    private var spare = SpareBuffers()
    private var whenEmpty: [EventLoopPromise<Void>] = []
    private var whenHeard: [EventLoopPromise<Void>] = []
    private var hearsNoMore = false

    init(
        number: Int, eventLoop: any EventLoop, options: GatewayOptions, activation: ActivationService, queue: (any InvocationQueue)?,
        clock: HostClock, seed: UInt64, logger: Logger, metrics: any MetricsFactory, tracer: (any Tracer)?,
        closeElsewhere: @escaping @Sendable (Int, ActiveInstance) -> Void
    ) {
        self.number = number
        self.eventLoop = eventLoop
        self.options = options
        self.activation = activation
        self.queue = queue
        self.clock = clock
        self.logger = logger
        tellsCalls = logger.logLevel <= .info
        self.metrics = metrics
        self.tracer = tracer
        traces = tracer != nil
        self.closeElsewhere = closeElsewhere
        random = LoopRandom(state: seed)
        roughNow = clock.now()
        roughUnixMilliseconds = clock.unixMilliseconds()
    }

    /// Whether bytes that have just come are being worked on, and when that was, once somebody has asked.
    private enum Reading {
        case none, begun
        case at(NIODeadline)
    }

    /// The time. All that bytes cause when they come happens at one time: the clock is read once for it.
    var now: NIODeadline {
        if case .at(let time) = reading { return time }
        let time = clock.now()
        if case .begun = reading { reading = .at(time) }
        return time
    }

    /// Runs what bytes cause that have come.
    func read(_ work: () -> Void) {
        reading = .begun
        work()
        reading = .none
    }

    /// A head as a buffer.
    ///
    /// - Parameter room: bytes that are likely to be put behind it.
    func bytes(of head: borrowing HeadWriter, room: Int) -> ByteBuffer { head.bytes(in: spare.take(for: head.count + room), room: room) }

    /// Before the first connection.
    func use(_ sockets: SocketPoll, speakHTTP2: @escaping (CInt, ByteBuffer) -> Void) {
        self.sockets = sockets
        self.speakHTTP2 = speakHTTP2
        spare = sockets.spare
    }

    func newRequestID() -> RequestID { RequestID(seconds: roughUnixMilliseconds / 1000, using: &random) }

    func randomNumber() -> UInt64 { random.next() }

    /// The `Date` field of an answer.
    func dateLine() -> ByteBuffer { date.line(unixMilliseconds: roughUnixMilliseconds) }

    var openConnections: Int { clients.count }

    func add(_ client: some LoopClient) {
        client.place = clients.count
        clients.append(client)
        guard !ticking else { return }
        ticking = true
        readClocks()
        scheduleTick()
    }

    func remove(_ client: some LoopClient) {
        guard clients.indices.contains(client.place), clients[client.place] === client else { return }
        // The last one takes its place.
        let last = clients.removeLast()
        if last !== client {
            last.place = client.place
            clients[client.place] = last
        }
        if clients.isEmpty, stopping {
            for promise in whenEmpty { promise.succeed() }
            whenEmpty = []
            tellHeard()
        }
    }

    /// How long connections without a request stay when the host stops: one may be on its way, and a client whose connection closes under its request
    /// cannot tell whether it was heard.
    static let lingerTime = TimeAmount.milliseconds(500)

    /// Whether that time is over.
    func hasLingered(_ now: NIODeadline) -> Bool { stoppingSince.map { now - $0 > Self.lingerTime } ?? false }

    /// Connections end with their next answer, since the loop is stopping, or when they have waited long enough for a request.
    func drain(_ finished: EventLoopPromise<Void>) {
        if clients.isEmpty { return finished.succeed() }
        whenEmpty.append(finished)
        for client in Array(clients) { client.stop() }
    }

    /// Waits until no client has anything to ask of the control API any more. The loop is stopping.
    func hear(_ finished: EventLoopPromise<Void>) {
        whenHeard.append(finished)
        tellHeard()
    }

    /// Waits no longer for that.
    func hearNoMore() {
        hearsNoMore = true
        tellHeard()
    }

    private func tellHeard() {
        guard !whenHeard.isEmpty else { return }
        // Where it has an address of its own, nobody asks it here.
        guard hearsNoMore || options.apiSocket == nil || !clients.contains(where: \.mayAsk) else { return }
        for promise in whenHeard { promise.succeed() }
        whenHeard = []
    }

    func closeAll() {
        for client in Array(clients) { client.closeNow() }
        idle.closeAll()
        http2.closeAll()
    }

    /// Those that nobody uses at this moment.
    func closeConnections(to instance: ActiveInstance) {
        idle.close(ObjectIdentifier(instance))
        http2.close(ObjectIdentifier(instance))
    }

    private func readClocks() {
        roughNow = clock.now()
        roughUnixMilliseconds = clock.unixMilliseconds()
    }

    private func scheduleTick() {
        eventLoop.assumeIsolated().scheduleTask(in: Self.tickTime) { self.tick() }
    }

    private func tick() {
        readClocks()
        let now = roughNow
        // With many clients each is looked at once a second: their limits are of that size, and ten thousand idle ones must not cost.
        let turn = clients.count <= Self.tickedAtOnce ? clients.count : max(Self.tickedAtOnce, clients.count / Self.ticksPerSecond + 1)
        if nextToTick >= clients.count { nextToTick = 0 }
        for client in Array(clients[nextToTick...].prefix(turn)) { client.tick(now) }
        nextToTick = clients.count <= Self.tickedAtOnce ? 0 : nextToTick + turn
        idle.closeOlder(than: now - options.idleConnectionTime)
        http2.closeOlder(than: now - options.idleConnectionTime)
        tellHeard()
        if clients.isEmpty && idle.isEmpty && http2.isEmpty { ticking = false } else { scheduleTick() }
    }
}

/// What a loop looks at now and then, and ends with the host: a client's connection, or one stream of it.
protocol LoopClient: AnyObject {
    /// Its place in the loop's list.
    var place: Int { get set }
    func tick(_ now: NIODeadline)
    /// The host stops: what is busy goes with its answer, what is idle when it has lingered.
    func stop()
    func closeNow()
    /// Whether something of it may still go to the control API while the host stops: a request that is to come, or one whose answer has not begun.
    var mayAsk: Bool { get }
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
