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

/// What a bucket promises, without its server (`scripts/scale-out` has that): revisions grow, and the first of two changes is stored.
private final class Bucket: DefinitionSharing {
    struct Entry {
        var key: DefinitionKey
        var definition: JSONValue?
        var revision: Int64
    }

    struct Away: Error {}

    private let guarded = Mutex<(entries: [Entry], isAway: Bool)>(([], false))

    var entries: [Entry] { guarded.withLock { $0.entries } }

    func setAway(_ isAway: Bool) { guarded.withLock { $0.isAway = isAway } }

    func put(_ key: DefinitionKey, _ definition: JSONValue?, over revision: Int64) async throws -> SharedPut {
        try guarded.withLock { guarded throws(Away) -> SharedPut in
            guard !guarded.isAway else { throw Away() }
            if let newest = guarded.entries.last(where: { $0.key == key }), newest.revision != revision {
                return .overtaken(by: newest.definition, revision: newest.revision)
            }
            // As it is after its way through text.
            guarded.entries.append(Entry(key: key, definition: definition, revision: Int64(guarded.entries.count + 1)))
            return .stored(revision: Int64(guarded.entries.count))
        }
    }
}

/// One of the hosts that share a bucket.
private final class Host: Sendable {
    let catalog: Catalog
    let routes = RecordedRoutes()
    private let store: Store
    private let bucket: Bucket

    init(_ folder: String, _ bucket: Bucket) async throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        store = try Store(path: folder + "/swiftlet.db")
        self.bucket = bucket
        let library = try ImageLibrary(dataDirectory: folder, store: store, unpacker: NoUnpacker(), logger: quiet, now: { 0 })
        try await SampleImages(library, folder: folder).add("echo:1", number: 1)
        catalog = Catalog(
            store: store, images: library, subscriber: routes, logger: quiet, now: { Timestamp(milliseconds: 1_795_423_254_000) })
        try await catalog.start()
        try await catalog.share(through: bucket)
    }

    /// Takes over what the others have made.
    func watch() async throws {
        for entry in bucket.entries { try await catalog.adopt(entry.key, entry.definition, revision: entry.revision) }
    }

    func description() async throws -> String { try await catalog.get("echo").record.configuration.description }

    static func withTwo(_ body: (Host, Host, Bucket) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "swiftlet-sharing-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        let bucket = Bucket()
        let hosts = [try await Host(folder + "/a", bucket), try await Host(folder + "/b", bucket)]
        let result: Result<Void, any Error>
        do { result = .success(try await body(hosts[0], hosts[1], bucket)) } catch { result = .failure(error) }
        for host in hosts { try host.store.close() }
        try FileManager.default.removeItem(atPath: folder)
        try result.get()
    }
}

private let echo: [String: JSONValue] = [
    "functionName": "echo", "runtime": "custom-container", "handler": "h", "customContainerConfig": ["image": "echo:1"],
]

@Suite struct SharingTests {
    @Test func whatOneHostMakesIsRoutedAtTheOther() async throws {
        try await Host.withTwo { (a, b, _) async throws in
            _ = try await a.catalog.create(echo)
            _ = try await a.catalog.publishVersion(of: "echo", description: "first")
            _ = try await a.catalog.createAlias(of: "echo", ["aliasName": "prod", "versionId": "1"])
            try await b.watch()
            let (made, shared) = (try #require(a.routes.newest["echo"]), try #require(b.routes.newest["echo"]))
            #expect(shared.versions.mapValues(\.key) == made.versions.mapValues(\.key) && shared.aliases.keys.contains("prod"))
            // And back: the other one changes it, and deletes it.
            _ = try await b.catalog.update("echo", ["description": "by b"])
            try await a.watch()
            #expect(try await a.description() == "by b")
            #expect(a.routes.newest["echo"]?.versions["LATEST"]?.key == b.routes.newest["echo"]?.versions["LATEST"]?.key)
            try await b.catalog.delete("echo")
            try await a.watch()
            #expect(a.routes.newest["echo"] == nil)
        }
    }

    @Test func ofTwoChangesAtOnceTheFirstIsMadeAndTheSecondIsToldSo() async throws {
        try await Host.withTwo { (a, b, _) async throws in
            _ = try await a.catalog.create(echo)
            try await b.watch()
            _ = try await a.catalog.update("echo", ["description": "first"])
            let error = await #expect(throws: ServiceError.self) { try await b.catalog.update("echo", ["description": "second"]) }
            #expect(error?.status == 409 && error?.code == "ConcurrentUpdateError")
            #expect(try await b.description() == "first")
            _ = try await b.catalog.update("echo", ["description": "third"])
            try await a.watch()
            #expect(try await a.description() == "third")
        }
    }

    @Test func whatCannotBeSharedIsAnsweredSoAndSharedLater() async throws {
        try await Host.withTwo { (a, b, bucket) async throws in
            bucket.setAway(true)
            let error = await #expect(throws: ServiceError.self) { _ = try await a.catalog.create(echo) }
            #expect(error?.status == 503)
            bucket.setAway(false)
            try await a.catalog.shareChanges()
            try await b.watch()
            #expect(b.routes.newest["echo"]?.state == .active)
        }
    }
}
