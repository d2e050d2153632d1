// SPDX-License-Identifier: Apache-2.0
// Serves the control API over an empty database until standard input ends, for tests in other languages. It prints `PORT` when it is ready.
// Images are named by the arguments; no instance ever starts.
import Access
import Activation
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
import NIOPosix
import ObjectStore
import Store

func now() -> Timestamp { Timestamp(milliseconds: LogTime.now().microseconds / 1000) }

let folder = NSTemporaryDirectory() + "swiftlet-fixture-" + UUID().uuidString
try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)

let logger = Logger(label: "fixture")
let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
let store = try Store(path: folder + "/swiftlet.db")
// `SWIFTLET_FIXTURE_S3="ENDPOINT KEY SECRET"`: the zips of layers are kept in the bucket `swiftlet` of that server.
let server = ProcessInfo.processInfo.environment["SWIFTLET_FIXTURE_S3"].map { words in
    let words = words.split(separator: " ").map(String.init)
    let credentials = S3Credentials(keyID: words[1], secret: words[2], region: "us-east-1")
    return S3ObjectStore(endpoint: words[0], bucket: "swiftlet", credentials: credentials, now: now)
}
let library = try ImageLibrary(
    dataDirectory: folder, store: store, unpacker: NoUnpacker(), objects: server, logger: logger, now: { now().milliseconds })
let images = SampleImages(library, folder: folder)
for (index, reference) in CommandLine.arguments.dropFirst().enumerated() { try await images.add(reference, number: index) }
let catalog = Catalog(
    store: store, images: library, subscriber: RecordedRoutes(), logger: logger, now: now)
try await catalog.start()
let logs = try FunctionLogs(directory: folder + "/logs", threads: .singleton)
let activation = ActivationService(launcher: NoLauncher(), log: logs, loops: group, logger: logger)
let queue = try EmbeddedQueue(path: folder + "/queue.db", now: now())
let invocations = AsyncInvocationService(queue: queue, activation: activation, loops: group, key: WebhookKey { 1 }, logger: logger)
let box = try SecretBox(folder: folder)
let access = AccessRegister(store: store, box: box, authority: AccessAuthority(.withKeys, box: box, now: now), now: now)
try await access.start()
let api = ControlAPI(
    address: .tcp(host: "127.0.0.1", port: 0), catalog: catalog, images: library, instances: activation,
    invocations: invocations, logs: logs, access: access,
    facts: .init(version: "0", stateDirectory: folder, listen: "127.0.0.1:0", started: now()), logger: logger, group: group, now: now)

let serving = Task {
    try await api.run { port in
        let line = Array("\(port ?? 0)\n".utf8)
        guard write(STDOUT_FILENO, line, line.count) == line.count else { exit(1) }
    }
}
try await NIOThreadPool.singleton.runIfActive { while readLine() != nil {} }
serving.cancel()
try await serving.value
try await invocations.shutDown()
try queue.close()
try await server?.close()
try FileManager.default.removeItem(atPath: folder)
