// SPDX-License-Identifier: Apache-2.0
public import Access
public import Activation
public import AsyncInvocation
public import Catalog
public import Console
public import FunctionLog
public import FunctionModel
import Hummingbird
public import Images
public import Logging
public import NIOCore
public import Prometheus
import ServiceLifecycle
import Synchronization

/// The control API: Function Compute's, and Swiftlet's own beside it, on one address.
public struct ControlAPI: Sendable {
    /// Where the API listens.
    public enum Address: Hashable, Sendable {
        /// A path, never an abstract name; the file is made with mode 0600 and replaces an old one.
        case unixSocket(path: String)
        case tcp(host: String, port: Int)
    }

    /// Makes a call of a function for a page, signed with an access key where the host asks for one.
    public typealias Caller = @Sendable (_ call: ConsoleCall, _ key: AccessKey?) async throws -> ConsoleCall.Answer

    /// What `GET /swiftlet/v1/host` tells.
    public struct HostFacts: Hashable, Sendable {
        public var version: String
        public var stateDirectory: String
        /// Where calls are taken, for example `127.0.0.1:8080`.
        public var listen: String
        public var started: Timestamp

        public init(version: String, stateDirectory: String, listen: String, started: Timestamp) {
            self.version = version
            self.stateDirectory = stateDirectory
            self.listen = listen
            self.started = started
        }
    }

    private let address: Address
    private let responder: ControlResponder
    private let logger: Logger
    private let group: any EventLoopGroup
    private let stopTime: Duration

    /// - Parameter stopTime: how long answers in progress may take when the host stops, before they are cut off.
    public init(
        address: Address, catalog: Catalog, images: ImageLibrary, instances: ActivationService,
        invocations: AsyncInvocationService, logs: FunctionLogs, access: AccessRegister? = nil, facts: HostFacts,
        metrics: PrometheusRegistry = PrometheusRegistry(families: []), history: FunctionHistory? = nil, caller: Caller? = nil,
        logger: Logger, group: any EventLoopGroup, stopTime: Duration = .seconds(10), now: @escaping @Sendable () -> Timestamp
    ) {
        self.address = address
        self.logger = logger
        self.group = group
        self.stopTime = stopTime
        var responder = ControlResponder(
            catalog: catalog, images: images, instances: instances, invocations: invocations, logs: logs, access: access, facts: facts,
            metrics: metrics, history: history, logger: logger, now: now)
        if let caller {
            // The operations themselves have no console: a page asks them, never the other way.
            let api = responder
            let authority = access?.authority
            responder.console = Console(
                ConsoleHost(
                    version: facts.version, api: api.ask,
                    call: { try await caller($0, RequestAuthorization.caller.key.flatMap { authority?.key($0) }) },
                    keys: authority.map(ConsoleKeys.init) ?? .none, random: { .random(in: .min ... .max) }, now: { now().milliseconds }))
        }
        self.responder = responder
    }

    /// Serves until the task is cancelled; then takes no new connection, lets answers in progress finish for at most `stopTime`, and returns.
    ///
    /// - Parameter onReady: called once, when connections are taken, with the TCP port or nil.
    /// - Throws: what binding the address throws.
    public func run(onReady: @escaping @Sendable (Int?) async -> Void = { _ in }) async throws {
        let socket: ControlSocket?
        let bound: BindAddress
        switch address {
        case .unixSocket(let path):
            let file = ControlSocket(path: path)
            (socket, bound) = (file, .unixDomainSocket(path: file.temporaryPath))
        case .tcp(let host, let port): (socket, bound) = (nil, .hostname(host, port: port))
        }
        let failure = Mutex<(any Error)?>(nil)
        let stop = AsyncStream.makeStream(of: Void.self)
        let application = Application(
            responder: responder, configuration: ApplicationConfiguration(address: bound),
            onServerRunning: { channel in
                do {
                    try await socket?.publish()
                    await onReady(channel.localAddress?.port)
                } catch {
                    failure.withLock { $0 = error }
                    stop.continuation.finish()
                }
            }, eventLoopGroupProvider: .shared(group), logger: quietLogger)
        var configuration = ServiceGroupConfiguration(services: [application], logger: quietLogger)
        configuration.maximumGracefulShutdownDuration = stopTime
        let services = ServiceGroup(configuration: configuration)
        // Not a child task: cancelling it would cut off the answers in progress.
        let serving = Task { try await services.run() }
        let stopping = Task {
            for await _ in stop.stream {}
            await services.triggerGracefulShutdown()
        }
        let result = await withTaskCancellationHandler {
            await serving.result
        } onCancel: {
            stop.continuation.finish()
        }
        stop.continuation.finish()
        await stopping.value
        // A task of its own, since this one is usually cancelled by now.
        try await Task { try await socket?.remove() }.value
        if let failure = failure.withLock({ $0 }) { throw failure }
        do { try result.get() } catch is CancellationError {
            logger.warning("answers of the control API were cut off, since they took longer than the time to stop")
        }
    }

    /// What the server says of itself at each start is not news to the operator.
    private var quietLogger: Logger {
        var logger = logger
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }
}
