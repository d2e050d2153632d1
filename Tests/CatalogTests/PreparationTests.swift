// SPDX-License-Identifier: Apache-2.0
import Catalog
import ControlStandIns
import Foundation
import FunctionModel
import Images
import Logging
import Store
import Synchronization
import Testing

private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Brings what a test tells it to, when the test tells it to.
private final class Courier: ImagePreparation {
    private struct Refused: Error, CustomStringConvertible {
        var description: String
    }

    private let orders = AsyncStream.makeStream(of: String.self)
    private let waiting = Mutex<[String: [CheckedContinuation<String?, Never>]]>([:])

    func mustBring(_ reference: String, isHere: Bool) -> Bool { !isHere && reference.hasPrefix("far/") }

    func entrust(_ input: [String: JSONValue], of function: String) {}

    func bring(_ reference: String, for configuration: FunctionConfiguration, of function: String) async throws {
        let failure = await withCheckedContinuation { done in
            waiting.withLock { $0[reference, default: []].append(done) }
            orders.continuation.yield(reference)
        }
        if let failure { throw Refused(description: failure) }
        try Task.checkCancellation()
    }

    /// Waits until the image has been asked for.
    func ordered(_ reference: String) async {
        for await order in orders.stream where order == reference { return }
    }

    /// - Parameter failure: nil where the image has come.
    func answer(_ reference: String, failure: String? = nil) {
        for done in waiting.withLock({ $0.removeValue(forKey: reference) }) ?? [] { done.resume(returning: failure) }
    }
}

@Suite struct PreparationTests {
    private struct Bench {
        var catalog: Catalog
        var courier = Courier()
        var routes = RecordedRoutes()
        var images: SampleImages
        var folder: String
        var store: Store

        /// The function when it is in this state, and no update is on its way.
        func settled(_ name: String) async throws -> [String: JSONValue] {
            for _ in 0..<6000 {
                let json = try await catalog.get(name).json.object ?? [:]
                if json["state"] != "Pending", json["lastUpdateStatus"] != "InProgress" { return json }
                try await Task.sleep(for: .milliseconds(5))
            }
            Issue.record("'\(name)' does not settle")
            return [:]
        }
    }

    private func with(_ body: (Bench) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "swiftlet-preparation-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        let store = try Store(path: folder + "/swiftlet.db")
        let library = try ImageLibrary(dataDirectory: folder, store: store, unpacker: NoUnpacker(), logger: quiet, now: { 0 })
        let (images, courier, routes) = (SampleImages(library, folder: folder), Courier(), RecordedRoutes())
        try await images.add("near:1", number: 1)
        let catalog = Catalog(
            store: store, images: library, subscriber: routes, preparation: courier, logger: quiet, now: { Timestamp(milliseconds: 0) })
        try await catalog.start()
        let bench = Bench(catalog: catalog, courier: courier, routes: routes, images: images, folder: folder, store: store)
        let result: Result<Void, any Error>
        do { result = .success(try await body(bench)) } catch { result = .failure(error) }
        try store.close()
        try FileManager.default.removeItem(atPath: folder)
        try result.get()
    }

    private func input(_ image: String) -> [String: JSONValue] {
        ["functionName": "f", "runtime": "custom-container", "handler": "h", "customContainerConfig": ["image": .string(image)]]
    }

    @Test func aFunctionIsPendingUntilItsImageHasCome() async throws {
        try await with { bench in
            let made = try await bench.catalog.create(input("far/a:1")).json.object ?? [:]
            #expect(made["state"] == "Pending" && made["lastUpdateStatus"] == "InProgress")
            #expect(bench.routes.newest["f"]?.state == .pending && bench.routes.newest["f"]?.versions.isEmpty == true)
            await #expect(throws: ServiceError.self) { try await bench.catalog.publishVersion(of: "f", description: "") }
            await bench.courier.ordered("far/a:1")
            try await bench.images.add("far/a:1", number: 5)
            bench.courier.answer("far/a:1")
            let ready = try await bench.settled("f")
            #expect(ready["state"] == "Active" && ready["lastUpdateStatus"] == "Successful")
            #expect(ready["customContainerConfig"]?.object?["resolvedImageUri"]?.string?.hasPrefix("far/a@sha256:") == true)
            #expect(bench.routes.newest["f"]?.versions["LATEST"] != nil)
        }
    }

    @Test func aFunctionWhoseImageDoesNotComeSaysWhyAndCanBeMended() async throws {
        try await with { bench in
            _ = try await bench.catalog.create(input("far/a:1"))
            await bench.courier.ordered("far/a:1")
            bench.courier.answer("far/a:1", failure: "far answered 401 to user 'u'")
            let failed = try await bench.settled("f")
            #expect(failed["state"] == "Failed" && failed["stateReason"] == "far answered 401 to user 'u'")
            #expect(bench.routes.newest["f"]?.state == .failed(reason: "far answered 401 to user 'u'"))
            _ = try await bench.catalog.update("f", ["customContainerConfig": ["image": "near:1"]])
            #expect(try await bench.settled("f")["state"] == "Active")
        }
    }

    @Test func theOldStateServesUntilTheNewImageHasComeAndAfterItDidNot() async throws {
        try await with { bench in
            _ = try await bench.catalog.create(input("near:1"))
            let old = try #require(bench.routes.newest["f"]?.versions["LATEST"])
            let updating =
                try await bench.catalog.update(
                    "f", ["customContainerConfig": ["image": "far/a:1"], "timeout": 7]
                ).json.object ?? [:]
            #expect(updating["state"] == "Active" && updating["lastUpdateStatus"] == "InProgress" && updating["timeout"] == 7)
            #expect(bench.routes.newest["f"]?.versions["LATEST"] == old)
            await bench.courier.ordered("far/a:1")
            bench.courier.answer("far/a:1", failure: "far is away")
            let failed = try await bench.settled("f")
            #expect(
                failed["state"] == "Active" && failed["lastUpdateStatus"] == "Failed" && failed["lastUpdateStatusReason"] == "far is away")
            #expect(failed["timeout"] == 60 && bench.routes.newest["f"]?.versions["LATEST"] == old)

            _ = try await bench.catalog.update("f", ["customContainerConfig": ["image": "far/a:1"]])
            await bench.courier.ordered("far/a:1")
            _ = try await bench.catalog.update("f", ["timeout": 9])
            await bench.courier.ordered("far/a:1")
            try await bench.images.add("far/a:1", number: 5)
            bench.courier.answer("far/a:1")
            let ready = try await bench.settled("f")
            #expect(ready["lastUpdateStatus"] == "Successful" && ready["timeout"] == 9, "the second update built on the first")
            #expect(bench.routes.newest["f"]?.versions["LATEST"]?.configuration.image == "far/a:1")
        }
    }

    @Test func whatWasOnItsWayIsAskedForAgainAfterARestart() async throws {
        try await with { bench in
            _ = try await bench.catalog.create(input("far/a:1"))
            await bench.courier.ordered("far/a:1")
            let (courier, routes) = (Courier(), RecordedRoutes())
            let library = try ImageLibrary(
                dataDirectory: bench.folder, store: bench.store, unpacker: NoUnpacker(), logger: quiet, now: { 0 })
            let again = Catalog(
                store: bench.store, images: library, subscriber: routes, preparation: courier, logger: quiet,
                now: { Timestamp(milliseconds: 0) })
            try await again.start()
            #expect(routes.newest["f"]?.state == .pending)
            await courier.ordered("far/a:1")
            try await again.delete("f")
            courier.answer("far/a:1")
            bench.courier.answer("far/a:1", failure: "nobody waits")
            #expect(try await bench.store.preparations().isEmpty)
        }
    }
}
