// SPDX-License-Identifier: Apache-2.0
import Access
import Activation
import AsyncHTTPClient
import AsyncInvocation
import Catalog
import ControlAPI
import FoundationEssentials
import FunctionLog
import FunctionModel
import Gateway
import Glibc
import Images
import LauncherClient
import Logging
import NIOCore
import NIOPosix
import ObjectStore
import Prometheus
import Registry
import Sandbox
import Store

/// The unprivileged side of `swiftlet serve`, with the launcher at the descriptor that `SWIFTLET_LAUNCHER_FD` names.
///
/// Everything is made here, from the lowest floor up, and stopped in the reverse order: first no new call, then the calls in flight, then instances.
enum Daemon {
    /// Runs until SIGTERM or SIGINT has been answered and every call in flight has ended.
    ///
    /// - Throws: what keeps the host from starting, and ``LauncherLost`` where the launcher goes away.
    static func run(_ options: ServeOptions) async throws {
        // Said at once: the launcher then goes back to the daemon before, where there was one.
        if let fault = LauncherProtocol.daemonFault(told: getenv(LauncherProtocol.variable).map { String(cString: $0) }) {
            throw CommandFailure(fault)
        }
        let end = await DaemonEnd()
        let logger = logger(options)
        let clock = HostClock.system
        let now: @Sendable () -> Timestamp = { Timestamp(milliseconds: clock.unixMilliseconds()) }
        let data = options.stateDirectory + "/data"
        let calls = MultiThreadedEventLoopGroup(numberOfThreads: options.eventLoops)
        let control = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let files = NIOThreadPool(numberOfThreads: 4)
        let registry = PrometheusRegistry(families: HostMetrics.families + QueueMetrics.families)
        let history = FunctionHistory(registry, names: HostMetrics.history, capacity: 360)
        files.start()

        let limits = try ServeCommand.limits(options.imageLimits)
        let launcher = try LauncherClient(descriptor: launcherDescriptor(), layerLimits: limits.layer) { end.launcherLost($0) }
        // Kept to the end of the process: a socket that closes before the process has ended is the end of a daemon that went wrong.
        _ = Unmanaged.passRetained(launcher)
        let store = try Store(path: data + "/swiftlet.db")
        let logs = try FunctionLogs(directory: data + "/logs", threads: files)
        let access = try await HostAccess.open(options, data: data, store: store, logger: logger, now: now)
        let objects = try ObjectStoreChoice.open(options.objectStore, now: now)
        let registries = try await RegistryClient(
            settings: registrySettings(options), group: control, logger: logger, now: clock.unixMilliseconds)
        _ = Unmanaged.passRetained(registries)
        let images = try ImageLibrary(
            dataDirectory: data, store: store, unpacker: launcher, objects: objects, limits: limits, registries: registries,
            space: ImageSpace(quota: options.imageQuota), logger: logger, now: clock.unixMilliseconds)
        try await images.recover()

        var activationOptions = ActivationOptions()
        activationOptions.maximumInstances = options.maximumInstances
        activationOptions.internetAccess = options.internetAccess
        activationOptions.learnsIdleTime = options.keepAlive == .learned
        activationOptions.freezeTime = options.freezeIdle.map { .seconds(Int64($0)) }
        activationOptions.credentials = { access.authority.variables(role: $0) }
        activationOptions.requestCredentials = { access.authority.fields(role: $0) }
        let activation = ActivationService(
            options: activationOptions, launcher: launcher, log: logs, loops: calls, clock: clock, metrics: registry, logger: logger)

        let client = HTTPClient(eventLoopGroupProvider: .shared(control))
        // Kept to the end of the process: one that goes without having been shut down ends it by a trap, in place of the error that is on its way out.
        _ = Unmanaged.passRetained(client)
        let traces = options.traceEndpoint.map { HostTraces(endpoint: $0, share: options.traceShare, client: client, logger: logger) }
        let shared = try await HostQueue.open(options, data: data, group: control, now: now(), logger: logger)
        let queue = shared.queue
        let invocations = AsyncInvocationService(
            queue: queue, activation: activation, loops: calls, options: shared.options, key: try WebhookKeyFile.read(in: data),
            jetStream: shared.jetStream, clock: clock, tracer: traces?.tracer, logger: logger)

        let apiSocket = data + "/api.sock"
        var gatewayOptions = GatewayOptions()
        (gatewayOptions.host, gatewayOptions.port) = (options.listen.host, options.listen.port)
        if let tls = options.listenTLS, let certificate = options.tlsCertificate, let key = options.tlsKey {
            gatewayOptions.tls = TLSOptions(host: tls.host, port: tls.port, certificate: certificate, key: key)
        }
        gatewayOptions.listeners = HeldListeners.handOver(launcher, logger)
        gatewayOptions.firstByteTime = options.firstByteTime.map { .seconds(Int64($0)) }
        gatewayOptions.answerIdleTime = options.answerIdleTime.map { .seconds(Int64($0)) }
        gatewayOptions.asyncBytes = options.asyncPayload
        gatewayOptions.apiSocket = options.controlListen == nil ? apiSocket : nil
        let metrics = CallMetrics(factory: registry) { registry.forget("function", $0) }
        gatewayOptions.authority = access.authority
        let callers = VerifiedCallers(access.authority, now: now)
        gatewayOptions.authentication = callers
        let gateway = try Gateway(
            options: gatewayOptions, activation: activation, queue: queue, group: calls, clock: clock, metrics: metrics,
            tracer: traces?.tracer, logger: logger)
        let catalog = Catalog(
            store: store, images: images, subscriber: RoutingSubscribers([invocations, gateway]), instanceLimit: options.maximumInstances,
            preparation: RegistryPreparation(images: images), authentication: callers, certificates: gateway,
            box: access.box, logger: logger, now: now)
        try await catalog.start()
        let definitions = try await shared.definitions(of: catalog, logger: logger)
        try await invocations.start()

        HostMetrics.collect(
            into: registry, catalog: catalog, activation: activation, gateway: gateway, images: images, launcher: launcher, started: now())
        QueueMetrics.collect(into: registry, queue: queue, logger: logger, now: now)
        let steps = Task {
            while !Task.isCancelled {
                do { try await Task.sleep(for: .seconds(10)) } catch { return }
                await registry.collect()
                history.step(at: clock.unixMilliseconds())
            }
        }

        let bound = try await listen(gateway, on: options.listen)
        let reloads = Task { await CertificateReload.run(gateway, logger) }
        let api = ControlAPI(
            address: options.controlListen.map { .tcp(host: $0.host, port: $0.port) } ?? .unixSocket(path: apiSocket), catalog: catalog,
            images: images, instances: activation, invocations: invocations, logs: logs, access: access,
            facts: .init(version: swiftletVersion, stateDirectory: options.stateDirectory, listen: bound.description, started: now()),
            metrics: registry, history: history,
            caller: {
                // The next daemon would take it, when this one is gone.
                if gateway.isStopping {
                    throw ServiceError(status: 503, code: "ServiceUnavailable", message: "the host stops; make the call again in a moment")
                }
                return try await GatewayCaller(client: client, address: bound).call($0, key: $1)
            },
            logger: logger, group: control,
            now: now)
        let ready = AsyncStream.makeStream(of: Void.self)
        let serving = Task {
            defer { ready.continuation.finish() }
            do {
                try await api.run { _ in
                    defer { ready.continuation.finish() }
                    // Not before: who asks something of the API must find it.
                    do { try await gateway.begin() } catch { return end.failed(error) }
                    if let secure = gateway.tlsAddress, let port = secure.port, let host = secure.ipAddress {
                        print("swiftlet takes HTTPS: https://\(ListenAddress(host: host, port: port))")
                    }
                    print("swiftlet ready: http://\(bound) (state \(options.stateDirectory), pid \(getppid()))")
                    fflush(nil)
                }
            } catch { end.failed(error) }
        }

        let reason = await end.wait()
        // A signal may come while the host starts: who has connected by then is heard.
        for await _ in ready.stream {}
        reloads.cancel()
        steps.cancel()
        await gateway.stop { serving.cancel() }
        await serving.value
        try await invocations.shutDown()
        await traces?.stop()
        try await client.shutdown()
        await activation.shutDown(within: .seconds(10))
        await definitions?.end()
        await gateway.end()
        try await logs.stop()
        try await shared.close()
        try await (objects as? S3ObjectStore)?.close()
        try await registries.shutDown()
        if case .failure(let error) = reason { throw error }
    }

    private static func registrySettings(_ options: ServeOptions) async throws -> RegistrySettings {
        try await onOwnThread {
            var settings = try options.registriesFile.map { try RegistrySettings(reading: $0) } ?? RegistrySettings()
            settings.proxies = try ProxyRules(environment: ProcessInfo.processInfo.environment)
            return settings
        }
    }

    private static func listen(_ gateway: Gateway, on address: ListenAddress) async throws -> ListenAddress {
        do {
            return ListenAddress(host: address.host, port: try await gateway.bind().port ?? address.port)
        } catch let error as IOError {
            throw CommandFailure(
                "cannot listen on \(address): \(String(cString: strerror(error.errnoCode))); choose another --listen HOST:PORT")
        }
    }

    private static func launcherDescriptor() throws -> CInt {
        let text = getenv("SWIFTLET_LAUNCHER_FD").map { String(cString: $0) } ?? ""
        guard let descriptor = CInt(text), descriptor > 2 else {
            throw CommandFailure(
                "SWIFTLET_LAUNCHER_FD is '\(text)', which is no descriptor; the launcher sets it, unset it to start a host")
        }
        return descriptor
    }

    private static func logger(_ options: ServeOptions) -> Logger {
        var logger = Logger(label: "swiftlet") { label in
            switch options.logFormat {
            case .text: StreamLogHandler.standardError(label: label)
            case .json, .logfmt: StructuredLogHandler(format: options.logFormat)
            }
        }
        logger.logLevel = options.logLevel
        return logger
    }
}
