// SPDX-License-Identifier: Apache-2.0
import Activation
import AsyncHTTPClient
import AsyncInvocation
import Catalog
import ControlAPI
import ControlStandIns
import Foundation
import FunctionLog
import FunctionModel
import Images
import InvocationQueue
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Store
import Testing

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// A control API on a loopback port, over a real database, with images but without instances.
struct APIBench: Sendable {
    let folder: String
    let base: String
    let images: SampleImages
    let routes: RecordedRoutes
    let logs: FunctionLogs
    let port: Int

    /// One answer of the API.
    struct Answer {
        var status: UInt
        var headers: HTTPHeaders
        var body: String
        var json: [String: JSONValue] { (try? JSONValue(parsing: body).object) ?? [:] }
    }

    func call(_ method: HTTPMethod, _ path: String, _ body: String? = nil, headers: HTTPHeaders = [:]) async throws -> Answer {
        var request = HTTPClientRequest(url: base + path)
        request.method = method
        request.headers = headers
        if let body { request.body = .bytes(ByteBuffer(string: body)) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        let bytes = try await response.body.collect(upTo: 10 << 20)
        return Answer(status: response.status.code, headers: response.headers, body: String(buffer: bytes))
    }

    static func with(
        address: @Sendable (String) -> ControlAPI.Address = { _ in .tcp(host: "127.0.0.1", port: 0) },
        _ body: (APIBench) async throws -> Void
    ) async throws {
        let folder = NSTemporaryDirectory() + "swiftlet-api-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { do { try FileManager.default.removeItem(atPath: folder) } catch { Issue.record(error) } }
        let now: @Sendable () -> Timestamp = { Timestamp(milliseconds: 1_795_423_254_000) }
        let store = try Store(path: folder + "/swiftlet.db")
        let library = try ImageLibrary(
            dataDirectory: folder, store: store, unpacker: NoUnpacker(), logger: quiet, now: { 1_795_423_254_000 })
        let (images, routes) = (SampleImages(library, folder: folder), RecordedRoutes())
        try await images.add("echo:1", number: 1)
        try await images.add("echo:2", number: 2)
        let catalog = Catalog(store: store, images: library, subscriber: routes, logger: quiet, now: now)
        try await catalog.start()
        let logs = try FunctionLogs(directory: folder + "/logs", threads: .singleton)
        let activation = ActivationService(launcher: NoLauncher(), log: logs, loops: MultiThreadedEventLoopGroup.singleton, logger: quiet)
        let queue = try EmbeddedQueue(path: folder + "/queue.db", now: now())
        let invocations = AsyncInvocationService(
            queue: queue, activation: activation, loops: MultiThreadedEventLoopGroup.singleton, key: WebhookKey { 1 }, logger: quiet)
        let api = ControlAPI(
            address: address(folder), catalog: catalog, images: library, instances: activation,
            invocations: invocations, logs: logs,
            facts: .init(version: "1.2.3", stateDirectory: folder, listen: "127.0.0.1:8080", started: now()), logger: quiet,
            // Longer than any test may last: none passes since an answer was cut off.
            group: MultiThreadedEventLoopGroup.singleton, stopTime: .seconds(3600), now: now)
        let (ports, ready) = AsyncStream.makeStream(of: Int?.self)
        try await withThrowingTaskGroup { group in
            group.addTask {
                try await api.run { ready.yield($0) }
                ready.finish()
            }
            var iterator = ports.makeAsyncIterator()
            let port = try #require(await iterator.next()) ?? 0
            let bench = APIBench(folder: folder, base: "http://127.0.0.1:\(port)", images: images, routes: routes, logs: logs, port: port)
            let result: Result<Void, any Error>
            do { result = .success(try await body(bench)) } catch { result = .failure(error) }
            group.cancelAll()
            try await group.waitForAll()
            try await invocations.shutDown()
            try queue.close()
            try store.close()
            try result.get()
        }
    }
}

let echo = #"{"functionName":"echo","runtime":"custom-container","handler":"h","customContainerConfig":{"image":"echo:1"}}"#
