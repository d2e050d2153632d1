// SPDX-License-Identifier: Apache-2.0
import Activation
import FunctionModel
import Gateway
import Logging
import NIOCore
import NIOPosix

/// A gateway on a free port with its functions, and everything taken down after the test.
struct TestHost: Sendable {
    let gateway: Gateway
    let activation: ActivationService
    let launcher: FakeLauncher
    let log: MemoryLog
    let port: Int

    static func with(
        _ functions: [RunnableVersion], launcher: FakeLauncher = FakeLauncher(), log: MemoryLog = MemoryLog(),
        options: GatewayOptions = GatewayOptions(), activation: ActivationOptions = ActivationOptions(), threads: Int = 2,
        begins: Bool = true, drainTime: TimeAmount = .seconds(5),
        _ body: (TestHost) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        var options = options
        options.port = 0
        options.drainTime = drainTime
        var logger = Logger(label: "test")
        logger.logLevel = .error
        let service = ActivationService(options: activation, launcher: launcher, log: log, loops: group, logger: logger)
        let gateway = try Gateway(options: options, activation: service, group: group, logger: logger)
        let port = try await gateway.bind().port ?? 0
        if begins { try await gateway.begin() }
        let host = TestHost(gateway: gateway, activation: service, launcher: launcher, log: log, port: port)
        await gateway.publish(Self.snapshot(functions))
        let result: Result<Void, any Error>
        do { result = .success(try await body(host)) } catch { result = .failure(error) }
        await gateway.stop()
        await service.shutDown(within: .seconds(5))
        await gateway.end()
        try await group.shutdownGracefully()
        try result.get()
    }

    static func snapshot(_ versions: [RunnableVersion]) -> RoutingSnapshot {
        var snapshot = RoutingSnapshot()
        for version in versions {
            snapshot.functions[version.key.function, default: FunctionRoute(state: .active, versions: [:])].versions[version.key.version] =
                version
        }
        return snapshot
    }

    /// One request on a connection of its own.
    func send(_ text: String, head: Bool = false) async throws -> RawClient.Answer {
        try await blocking { [port] in
            let client = try RawClient(port: port)
            try client.send(text)
            return try client.answer(head: head)
        }
    }

    func invoke(_ name: String, _ body: String = "", headers: String = "") async throws -> RawClient.Answer {
        try await send(event(name, body, headers: headers))
    }

    func get(_ name: String, _ target: String, headers: String = "") async throws -> RawClient.Answer {
        try await send("GET \(target) HTTP/1.1\r\nHost: \(name).localhost\r\n\(headers)\r\n")
    }
}

func event(_ name: String, _ body: String = "", headers: String = "") -> String {
    "POST /2023-03-30/functions/\(name)/invocations HTTP/1.1\r\nHost: h\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)"
}

func function(
    _ name: String, on backend: Backend?, revision: Int64 = 1, _ change: (inout FunctionConfiguration) -> Void = { _ in }
) -> RunnableVersion {
    var configuration = FunctionConfiguration(image: "test:1")
    configuration.port = backend?.port ?? 1
    change(&configuration)
    return RunnableVersion(
        key: .init(function: name, version: "LATEST", revision: revision), configuration: configuration,
        manifest: Digest(bytes: [UInt8](repeating: 7, count: 32)), layers: [], arguments: ["python3", "app.py"], environment: ["A=b"],
        workingDirectory: "/", user: "")
}

/// Waits for something that happens on another thread, for a minute at most.
func eventually(_ condition: () -> Bool) async throws -> Bool {
    for _ in 0..<6000 {
        if condition() { return true }
        try await Task.sleep(for: .milliseconds(10))
    }
    return condition()
}
