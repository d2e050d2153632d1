// SPDX-License-Identifier: Apache-2.0
import Activation
import AsyncHTTPClient
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
import Store

/// The unprivileged side of `swiftlet serve`, with the launcher at the descriptor that `SWIFTLET_LAUNCHER_FD` names.
///
/// Everything is made here, from the lowest floor up, and stopped in the reverse order: first no new call, then the calls in flight, then instances.
enum Daemon {
    /// Runs until SIGTERM or SIGINT has been answered and every call in flight has ended.
    ///
    /// - Throws: what keeps the host from starting, and ``LauncherLost`` where the launcher goes away.
    static func run(_ options: ServeOptions) async throws {
        let end = await DaemonEnd()
        let logger = logger(options)
        let clock = HostClock.system
        let now: @Sendable () -> Timestamp = { Timestamp(milliseconds: clock.unixMilliseconds()) }
        let data = options.stateDirectory + "/data"
        let calls = MultiThreadedEventLoopGroup(numberOfThreads: options.eventLoops)
        let control = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let files = NIOThreadPool(numberOfThreads: 4)
        let registry = PrometheusRegistry(families: HostMetrics.families)
        let history = FunctionHistory(registry, names: HostMetrics.history, capacity: 360)
        files.start()

        let launcher = try LauncherClient(descriptor: launcherDescriptor()) { end.launcherLost() }
        let store = try Store(path: data + "/swiftlet.db")
        let logs = try FunctionLogs(directory: data + "/logs", threads: files)
        let objects = try ObjectStoreChoice.open(options.objectStore, now: now)
        let registries = try await RegistryClient(
            settings: registrySettings(options), group: control, logger: logger, now: clock.unixMilliseconds)
        let images = try ImageLibrary(
            dataDirectory: data, store: store, unpacker: launcher, objects: objects, registries: registries,
            space: ImageSpace(quota: options.imageQuota), logger: logger, now: clock.unixMilliseconds)
        try await images.recover()

        var activationOptions = ActivationOptions()
        activationOptions.maximumInstances = options.maximumInstances
        let activation = ActivationService(
            options: activationOptions, launcher: launcher, log: logs, loops: calls, clock: clock, metrics: registry, logger: logger)

        let apiSocket = data + "/api.sock"
        var gatewayOptions = GatewayOptions()
        (gatewayOptions.host, gatewayOptions.port) = (options.listen.host, options.listen.port)
        gatewayOptions.apiSocket = options.controlListen == nil ? apiSocket : nil
        let metrics = CallMetrics(factory: registry) { registry.forget("function", $0) }
        let gateway = Gateway(
            options: gatewayOptions, activation: activation, group: calls, clock: clock, metrics: metrics, logger: logger)
        let catalog = Catalog(store: store, images: images, subscriber: gateway, logger: logger, now: now)
        try await catalog.start()

        HostMetrics.collect(
            into: registry, catalog: catalog, activation: activation, gateway: gateway, images: images, launcher: launcher, started: now())
        let steps = control.any().scheduleRepeatedTask(initialDelay: .seconds(10), delay: .seconds(10)) { _ in
            history.step(at: clock.unixMilliseconds())
        }

        let bound = try await listen(gateway, on: options.listen)
        let client = HTTPClient(eventLoopGroupProvider: .shared(control))
        let api = ControlAPI(
            address: options.controlListen.map { .tcp(host: $0.host, port: $0.port) } ?? .unixSocket(path: apiSocket), catalog: catalog,
            images: images, instances: activation, logs: logs,
            facts: .init(version: swiftletVersion, stateDirectory: options.stateDirectory, listen: bound.description, started: now()),
            metrics: registry, history: history, caller: GatewayCaller(client: client, address: bound).call, logger: logger, group: control,
            now: now)
        let serving = Task {
            do {
                try await api.run { _ in
                    print("swiftlet ready: http://\(bound) (state \(options.stateDirectory), pid \(getppid()))")
                    fflush(nil)
                }
            } catch { end.failed(error) }
        }

        let reason = await end.wait()
        steps.cancel()
        async let drained: Void = gateway.stop()
        serving.cancel()
        await serving.value
        await drained
        try await client.shutdown()
        await activation.shutDown(within: .seconds(10))
        try await logs.stop()
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
            return ListenAddress(host: address.host, port: try await gateway.start().port ?? address.port)
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
