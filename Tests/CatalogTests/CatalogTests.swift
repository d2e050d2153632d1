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

/// A catalog over a real database and real images; only unpacking is left out.
private final class Bench: Sendable {
    let folder = NSTemporaryDirectory() + "swiftlet-catalog-" + UUID().uuidString
    let images: SampleImages
    let routes = RecordedRoutes()
    let catalog: Catalog
    private let stores = Mutex<[Store]>([])

    private init() async throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        let store = try Store(path: folder + "/swiftlet.db")
        let library = try Self.library(folder, store)
        stores.withLock { $0.append(store) }
        images = SampleImages(library, folder: folder)
        try await images.add("echo:1", number: 1)
        try await images.add("echo:2", number: 2)
        catalog = try await Self.open(store, library, routes)
    }

    private static func library(_ folder: String, _ store: Store) throws -> ImageLibrary {
        try ImageLibrary(dataDirectory: folder, store: store, unpacker: NoUnpacker(), logger: quiet, now: { 0 })
    }

    /// A second catalog over the same files, as after a restart.
    func reopen(_ routes: RecordedRoutes) async throws -> Catalog {
        let store = try Store(path: folder + "/swiftlet.db")
        stores.withLock { $0.append(store) }
        return try await Self.open(store, try Self.library(folder, store), routes)
    }

    private static func open(_ store: Store, _ library: ImageLibrary, _ routes: RecordedRoutes) async throws -> Catalog {
        let catalog = Catalog(
            store: store, images: library, subscriber: routes, logger: quiet,
            now: { Timestamp(milliseconds: 1_795_423_254_000) })
        try await catalog.start()
        return catalog
    }

    static func with(_ body: (Bench) async throws -> Void) async throws {
        let bench = try await Bench()
        let result: Result<Void, any Error>
        do { result = .success(try await body(bench)) } catch { result = .failure(error) }
        for store in bench.stores.withLock({ $0 }) { try store.close() }
        try FileManager.default.removeItem(atPath: bench.folder)
        try result.get()
    }
}

private func input(_ name: String, image: String = "echo:1") -> [String: JSONValue] {
    [
        "functionName": .string(name), "runtime": "custom-container", "handler": "h", "customContainerConfig": ["image": .string(image)],
    ]
}

private func code(_ body: () async throws -> Void) async -> String? {
    do {
        try await body()
        return nil
    } catch { return (error as? ServiceError)?.code ?? "\(error)" }
}

@Suite struct CatalogTests {
    @Test func aFunctionIsRoutedWhenItsCreationIsAnswered() async throws {
        try await Bench.with { (bench) async throws in
            let view = try await bench.catalog.create(input("echo"))
            let latest = try #require(bench.routes.newest["echo"]?.versions["LATEST"])
            #expect(bench.routes.newest["echo"]?.state == .active)
            #expect(latest.arguments == ["/server", "--port", "9000"] && latest.environment == ["PATH=/bin", "A=image"])
            let json = try #require(view.json.object)
            #expect(json["state"] == "Active" && json["lastUpdateStatus"] == "Successful")
            #expect(json["functionArn"] == "acs:fc:cn-local:1:functions/echo" && json["createdTime"] == "2026-11-23T08:40:54Z")
            #expect(json["customContainerConfig"]?.object?["resolvedImageUri"]?.string == "echo@\(latest.manifest)")
        }
    }

    @Test func aMissingImageIsToldAtOnceAndHowToGetIt() async throws {
        try await Bench.with { (bench) async throws in
            let error = await #expect(throws: ServiceError.self) { try await bench.catalog.create(input("echo", image: "other:3")) }
            #expect(error?.status == 400 && error?.message.contains("swiftlet image load FILE --name other:3") == true)
            #expect(await code { _ = try await bench.catalog.get("echo") } == "FunctionNotFound")
            try await bench.images.add("other:3", number: 9)
            _ = try await bench.catalog.create(input("echo", image: "other:3"))
        }
    }

    @Test func aTagIsPinnedToItsDigestUntilTheNextUpdate() async throws {
        try await Bench.with { (bench) async throws in
            _ = try await bench.catalog.create(input("echo"))
            let first = try #require(bench.routes.newest["echo"]?.versions["LATEST"])
            try await bench.images.add("other:1", number: 1)
            try await bench.images.add("echo:1", number: 9)
            try await bench.catalog.imagesChanged()
            #expect(bench.routes.newest["echo"]?.versions["LATEST"] == first)
            _ = try await bench.catalog.update("echo", [:])
            let second = try #require(bench.routes.newest["echo"]?.versions["LATEST"])
            #expect(second.manifest != first.manifest && second.key.revision > first.key.revision)
        }
    }

    @Test func anUpdateThatChangesNothingKeepsTheInstances() async throws {
        try await Bench.with { (bench) async throws in
            _ = try await bench.catalog.create(input("echo"))
            let first = bench.routes.newest["echo"]
            _ = try await bench.catalog.update("echo", ["description": ""])
            #expect(bench.routes.newest["echo"] == first)
        }
    }

    @Test func versionsAreFrozenNumberedAndRouted() async throws {
        try await Bench.with { (bench) async throws in
            _ = try await bench.catalog.create(input("echo"))
            #expect(try await bench.catalog.publishVersion(of: "echo", description: "one").number == 1)
            #expect(await code { _ = try await bench.catalog.publishVersion(of: "echo", description: "") } == "VersionPublishError")
            _ = try await bench.catalog.update("echo", ["customContainerConfig": ["image": "echo:2"]])
            #expect(try await bench.catalog.publishVersion(of: "echo", description: "two").number == 2)
            let route = try #require(bench.routes.newest["echo"])
            #expect(route.versions.keys.sorted() == ["1", "2", "LATEST"])
            #expect(route.versions["1"]?.manifest != route.versions["2"]?.manifest)
            #expect(try await bench.catalog.get("echo", qualifier: "1").image == "echo:1")
            try await bench.catalog.deleteVersion("2", of: "echo")
            #expect(bench.routes.newest["echo"]?.versions.keys.sorted() == ["1", "LATEST"])
            #expect(await code { try await bench.catalog.deleteVersion("2", of: "echo") } == "VersionNotFound")
            #expect(await code { _ = try await bench.catalog.get("echo", qualifier: "2") } == "VersionNotFound")
            #expect(await code { _ = try await bench.catalog.get("echo", qualifier: "prod") } == "AliasNotFound")
            _ = try await bench.catalog.update("echo", ["timeout": 5])
            #expect(try await bench.catalog.publishVersion(of: "echo", description: "").number == 3)
        }
    }

    @Test func aFunctionMadeAnewIsNotTakenForTheOldOne() async throws {
        try await Bench.with { (bench) async throws in
            _ = try await bench.catalog.create(input("echo"))
            _ = try await bench.catalog.publishVersion(of: "echo", description: "")
            let old = try #require(bench.routes.newest["echo"])
            try await bench.catalog.delete("echo")
            #expect(bench.routes.newest["echo"] == nil)
            _ = try await bench.catalog.create(input("echo"))
            _ = try await bench.catalog.publishVersion(of: "echo", description: "")
            let new = try #require(bench.routes.newest["echo"])
            #expect(new.versions["1"]?.key != old.versions["1"]?.key && new.versions["LATEST"]?.key != old.versions["LATEST"]?.key)
        }
    }

    @Test func everythingIsThereAfterARestart() async throws {
        try await Bench.with { (bench) async throws in
            _ = try await bench.catalog.create(input("echo"))
            _ = try await bench.catalog.publishVersion(of: "echo", description: "")
            _ = try await bench.catalog.update("echo", ["timeout": 5])
            let before = bench.routes.newest
            let routes = RecordedRoutes()
            _ = try await bench.reopen(routes)
            #expect(routes.newest == before && routes.all.count == 1)
        }
    }

    @Test func aLostImageFailsItsFunctionUntilItIsLoadedAgain() async throws {
        try await Bench.with { (bench) async throws in
            _ = try await bench.catalog.create(input("echo"))
            try await bench.images.forget("echo:1")
            let routes = RecordedRoutes()
            let catalog = try await bench.reopen(routes)
            guard case .failed(let reason) = routes.newest["echo"]?.state else {
                Issue.record("the function should have failed")
                return
            }
            #expect(reason.contains("echo:1") && reason.contains("swiftlet image load"))
            #expect(try await catalog.get("echo").json.object?["state"] == "Failed")
            #expect(await code { _ = try await catalog.publishVersion(of: "echo", description: "") } == "FunctionNotReady")
            try await bench.images.add("echo:1", number: 7)
            try await catalog.imagesChanged()
            #expect(routes.newest["echo"]?.state == .active)
            #expect(try await catalog.get("echo").json.object?["state"] == "Active")
        }
    }

    @Test func anImageInUseIsNotRemoved() async throws {
        try await Bench.with { (bench) async throws in
            _ = try await bench.catalog.create(input("echo"))
            _ = try await bench.catalog.publishVersion(of: "echo", description: "")
            _ = try await bench.catalog.update("echo", ["customContainerConfig": ["image": "echo:2"]])
            let error = await #expect(throws: ServiceError.self) { try await bench.catalog.removeImage("echo:1") }
            #expect(error?.code == "ImageInUse" && error?.message.contains("version 1 of function 'echo'") == true)
            try await bench.catalog.delete("echo")
            try await bench.catalog.removeImage("echo:1")
        }
    }

    @Test func oneOfTwoNamesIsGivenUpOnlyByWhoDoesNotUseIt() async throws {
        try await Bench.with { (bench) async throws in
            try await bench.images.add("second", number: 1)
            _ = try await bench.catalog.create(input("echo", image: "second"))
            let manifest = try #require(bench.routes.newest["echo"]?.versions["LATEST"]?.manifest)
            #expect(await code { try await bench.catalog.removeImage("second:latest") } == "ImageInUse")
            #expect(await code { try await bench.catalog.removeImage(manifest.description) } == "ImageInUse")
            try await bench.catalog.removeImage("echo:1")
            #expect(await code { try await bench.catalog.removeImage("second") } == "ImageInUse")
            #expect(await code { try await bench.catalog.removeImage("none:1") } == "ImageNotFound")
        }
    }

    @Test func changesAtOnceAreMadeOneAfterTheOther() async throws {
        try await Bench.with { (bench) async throws in
            _ = try await bench.catalog.create(input("echo"))
            try await withThrowingTaskGroup { group in
                for index in 1...40 {
                    group.addTask { _ = try await bench.catalog.update("echo", ["timeout": .integer(Int64(index))]) }
                    group.addTask { _ = try await bench.catalog.update("echo", ["description": .string("d\(index)")]) }
                }
                try await group.waitForAll()
            }
            let stored = try await bench.catalog.get("echo").record
            let routed = try #require(bench.routes.newest["echo"]?.versions["LATEST"])
            #expect(stored.configuration == routed.configuration && stored.revision == routed.key.revision)
            let revisions = bench.routes.all.compactMap { $0.functions["echo"]?.versions["LATEST"]?.key.revision }
            #expect(revisions == revisions.sorted() && Set(revisions).count == 81)
        }
    }

    @Test func oneOfManyCreationsWins() async throws {
        try await Bench.with { (bench) async throws in
            let codes = await withTaskGroup { group in
                for _ in 0..<20 { group.addTask { await code { _ = try await bench.catalog.create(input("echo")) } } }
                return await group.reduce(into: [String?]()) { $0.append($1) }
            }
            #expect(codes.filter { $0 == nil }.count == 1 && codes.filter { $0 == "FunctionAlreadyExists" }.count == 19)
        }
    }

    @Test func aChangeGoesOnWhenItsCallerIsGone() async throws {
        try await Bench.with { (bench) async throws in
            let creation = Task { try await bench.catalog.create(input("echo")) }
            creation.cancel()
            _ = await creation.result
            _ = try await bench.catalog.get("echo")
            #expect(bench.routes.newest["echo"]?.state == .active)
        }
    }

    @Test func listsComeInPages() async throws {
        try await Bench.with { (bench) async throws in
            for index in 1...7 {
                var function = input("f-\(index)")
                function["tags"] = [["Key": "parity", "Value": .string(index.isMultiple(of: 2) ? "even" : "odd")]]
                function["description"] = .string("number \(index)")
                _ = try await bench.catalog.create(function)
            }
            _ = try await bench.catalog.create(input("g"))
            var names: [String] = []
            var token: String?
            repeat {
                let page = try await bench.catalog.list(FunctionFilter(prefix: "f"), limit: 3, token: token)
                #expect(page.functions.count <= 3)
                names += page.functions.map(\.record.name)
                token = page.nextToken
            } while token != nil
            #expect(names == (1...7).map { "f-\($0)" })
            let even = FunctionFilter(tags: [FunctionTag(key: "parity", value: "even")])
            #expect(try await bench.catalog.list(even, limit: 3, token: nil).functions.map(\.record.name) == ["f-2", "f-4", "f-6"])
            #expect(try await bench.catalog.list(even, limit: 3, token: nil).nextToken == nil)
            #expect(try await bench.catalog.list(FunctionFilter(description: "number 5"), limit: 3, token: nil).functions.count == 1)
            #expect(try await bench.catalog.list(FunctionFilter(isPossible: false), limit: 3, token: nil).functions.isEmpty)
        }
    }
}
