// SPDX-License-Identifier: Apache-2.0
public import Activation
internal import AsyncHTTPClient
public import FunctionModel
public import InvocationQueue
public import Logging
public import NATS
public import NIOCore
internal import Synchronization
public import Tracing

/// Asynchronous invocations of a host: works off the queue, settles what ran, tells destinations, and enqueues what timers are due.
public final class AsyncInvocationService: RoutingSubscriber, Sendable {
    public let queue: any InvocationQueue
    private let routes = AsyncRoutes()
    private let workers: AsyncWorkers
    private let timers: TimerRunner
    private let settlements: Settlements
    private let client: HTTPClient
    private let options: AsyncOptions
    private let clock: HostClock
    private let logger: Logger
    private let chores = Mutex<[Task<Void, Never>]>([])

    /// - Parameters:
    ///   - loops: the event loops that calls run on.
    ///   - key: signs what is delivered to URLs.
    ///   - jetStream: takes what is delivered to subjects.
    ///   - random: for ids and for how far pauses are moved.
    public init(
        queue: any InvocationQueue, activation: ActivationService, loops: any EventLoopGroup, options: AsyncOptions = AsyncOptions(),
        key: WebhookKey, jetStream: JetStream? = nil, clock: HostClock = .system,
        random: @escaping @Sendable () -> UInt64 = { .random(in: .min ... .max) },
        tracer: (any Tracer)? = nil, logger: Logger
    ) {
        self.queue = queue
        self.options = options
        self.clock = clock
        self.logger = logger
        var configuration = HTTPClient.Configuration()
        configuration.timeout.connect = .seconds(5)
        configuration.redirectConfiguration = .disallow
        configuration.httpVersion = .http1Only
        client = HTTPClient(eventLoopGroupProvider: .shared(loops), configuration: configuration)
        let now: @Sendable () -> Timestamp = { Timestamp(milliseconds: clock.unixMilliseconds()) }
        settlements = Settlements(routes: routes, options: options, random: random)
        workers = AsyncWorkers(
            queue: queue, routes: routes, activation: activation, loops: loops,
            deliverer: DestinationDeliverer(client: client, key: key, jetStream: jetStream, now: now), settlements: settlements,
            options: options, clock: clock,
            tracer: tracer, logger: logger)
        timers = TimerRunner(queue: queue, missed: options.missedTicks, now: now, random: random, logger: logger)
    }

    /// Begins to work. The first routing snapshot is published before, so that nothing is taken for gone that is only not known yet.
    public func start() async throws {
        queue.observe { [workers] lane, due in Task { await workers.hasWork(lane, due: due) } }
        for (lane, due) in try await queue.lanes() { await workers.hasWork(lane, due: due) }
        chores.withLock { chores in
            chores = [
                every(.milliseconds(options.lease / 3)) { await $0.workers.renewLeases() },
                every(.milliseconds(options.lease / 2)) { _ = try await $0.queue.reclaim(now: $0.now) },
                every(.seconds(600)) { _ = try await $0.queue.forget(now: $0.now) },
                Task { [timers] in await timers.run() },
            ]
        }
    }

    private var now: Timestamp { Timestamp(milliseconds: clock.unixMilliseconds()) }

    private func every(_ pause: Duration, _ chore: @escaping @Sendable (AsyncInvocationService) async throws -> Void) -> Task<Void, Never> {
        Task {
            while true {
                do { try await Task.sleep(for: pause) } catch { return }
                do { try await chore(self) } catch { logger.error("a chore of the queue failed", metadata: ["error": "\(error)"]) }
            }
        }
    }

    /// Must hear of a snapshot before whoever retires what the snapshot has no more.
    public func publish(_ snapshot: RoutingSnapshot) async {
        routes.publish(snapshot)
        var definitions: [TimerDefinition] = []
        for (function, route) in snapshot.functions {
            for timer in route.timers {
                do { definitions.append(try TimerDefinition(timer, of: function)) } catch {
                    logger.error(
                        "a timer cannot be run", metadata: ["function": "\(function)", "timer": "\(timer.name)", "error": "\(error)"])
                }
            }
        }
        await timers.replace(with: definitions)
    }

    /// Stops an invocation: one that waits has ended by it, one that runs is cut off.
    public func stop(function: String, task: String) async throws -> StopOutcome {
        let (settlements, time) = (settlements, now)
        let outcome = try await queue.stop(lane: function, task: task, now: time) { settlements.follow(stopped: $0, now: time) }
        if outcome == .stopping, let record = try await queue.task(lane: function, task) {
            await workers.stop(function, number: record.number)
        }
        return outcome
    }

    /// Takes nothing more from the queue and waits for what runs; what still does after the time to drain is tried again at the next start.
    public func shutDown() async throws {
        let chores = chores.withLock { chores in
            defer { chores = [] }
            return chores
        }
        await timers.stop()
        await workers.shutDown(within: options.drainTime)
        for chore in chores { chore.cancel() }
        for chore in chores { await chore.value }
        try await client.shutdown()
    }
}
