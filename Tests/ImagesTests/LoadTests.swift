// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import Images
import OCI
import Synchronization
import TarFixtures
import Testing

@Suite struct LoadTests {
    private let one = LayoutBuilder.layer("one", "1\n")
    private let two = LayoutBuilder.layer("two", "2\n")

    @Test func aLoadedImageIsThere() async throws {
        let fixture = try await LibraryFixture()
        let events = Mutex<[LoadEvent]>([])
        let archive = LayoutBuilder.image("hello:1", one, two)
        let images = try await fixture.load(archive) { event in events.withLock { $0.append(event) } }
        #expect(images.map(\.reference) == ["hello:1"])
        #expect(images.first?.size == 4)
        #expect(images.first?.created == 1_700_000_000_000)
        let resolved = try #require(try await fixture.library.resolve("docker.io/library/hello:1"))
        #expect(resolved.configuration.config?.cmd == ["/x"])
        #expect(resolved.diffIDs.count == 2)
        #expect(try await fixture.library.resolve("hello@\(resolved.manifestDigest)")?.diffIDs == resolved.diffIDs)
        #expect(try await fixture.library.resolve("other") == nil)
        #expect(events.withLock { $0.first } == .received(bytes: UInt64(archive.count)))
        #expect(events.withLock { $0.dropFirst().count } == 4)
        #expect(try fixture.temporaryFiles().isEmpty)
        let details = try await fixture.library.inspect("hello:1")
        #expect(String(decoding: details.configJSON, as: UTF8.self).contains("diff_ids"))
    }

    @Test func anArchiveCompressedAsAWhole() async throws {
        let fixture = try await LibraryFixture()
        let path = try fixture.scratch.write(LayoutBuilder.image("hello:1", one), to: "archive")
        try run("gzip", path)
        #expect(try await fixture.load(file: path + ".gz").count == 1)
        let cut = Array(try Data(contentsOf: URL(fileURLWithPath: path + ".gz")).dropLast(20))
        #expect(try await fixture.refusal(cut)?.contains("middle of its gzip") == true)
    }

    @Test func severalImagesAndOneName() async throws {
        let fixture = try await LibraryFixture()
        var layout = LayoutBuilder()
        let manifests = [
            layout.image([one], extra: LayoutBuilder.named("a:1")), layout.image([one, two], extra: LayoutBuilder.named("b:1")),
        ]
        let archive = layout.finish(manifests[0], manifests[1])
        #expect(try await fixture.load(archive).map(\.reference) == ["a:1", "b:1"])
        #expect(try await fixture.load(archive, name: "b:1").map(\.reference) == ["b:1"])
        #expect(try await fixture.refusal(archive, name: "c")?.contains("it has: a:1, b:1") == true)
        #expect(fixture.unpacker.counts.values.allSatisfy { $0 == 1 })
        let listed = try await fixture.library.list()
        #expect(listed.map(\.sharedSize) == [2, 2])
        #expect(listed.map(\.uniqueSize) == [0, 2])
    }

    @Test func aNameIsNeeded() async throws {
        let fixture = try await LibraryFixture()
        var layout = LayoutBuilder()
        let archive = layout.finish(layout.image([one]))
        #expect(try await fixture.refusal(archive)?.contains("--name") == true)
        #expect(try await fixture.load(archive, name: "mine").map(\.reference) == ["mine:latest"])
        #expect(try await fixture.refusal(archive, name: "Not A Name")?.hasPrefix("400") == true)
    }

    @Test func thisMachinesPlatformIsTaken() async throws {
        let fixture = try await LibraryFixture()
        var layout = LayoutBuilder()
        let arm = layout.image(
            [two], config: LayoutBuilder.config([two], architecture: "arm64"), extra: #","platform":{"architecture":"arm64","os":"linux"}"#)
        let here = layout.image([one], extra: #","platform":{"architecture":"amd64","os":"linux"}"#)
        let index = #"{"schemaVersion":2,"manifests":[\#(arm),\#(here)]}"#
        let archive = layout.finish(layout.blob(Array(index.utf8), type: "index.v1+json", extra: LayoutBuilder.named("multi:1")))
        let image = try #require(try await fixture.load(archive).first)
        #expect(image.layers.map(\.diffID.hex) == [LayoutBuilder.digest(one)])

        var foreign = LayoutBuilder()
        let config = LayoutBuilder.config([two], architecture: "arm64")
        let only = foreign.finish(foreign.image([two], config: config, extra: #","platform":{"architecture":"arm64","os":"linux"}"#))
        #expect(try await fixture.refusal(only, name: "x")?.contains("it has: linux/arm64") == true)
        var unsaid = LayoutBuilder()
        let hidden = unsaid.finish(unsaid.image([two], config: config))
        #expect(try await fixture.refusal(hidden, name: "x")?.contains("linux/arm64") == true)
    }

    @Test func dockerArchivesOldAndNew() async throws {
        let fixture = try await LibraryFixture()
        var archive = LayoutBuilder()
        archive.file("c.json", LayoutBuilder.config([one, two]))
        archive.file("id1/layer.tar", one)
        archive.file("two.tar", two)
        archive.link("id2/layer.tar", to: "../two.tar")
        archive.file("manifest.json", #"[{"Config":"c.json","RepoTags":["hello:1","hello:2"],"Layers":["id1/layer.tar","id2/layer.tar"]}]"#)
        #expect(try await fixture.load(archive.finished).map(\.reference) == ["hello:1", "hello:2"])

        var legacy = LayoutBuilder()
        legacy.file("repositories", #"{"old":{"1":"bbb"}}"#)
        legacy.file("aaa/json", #"{"id":"aaa","os":"linux","architecture":"amd64"}"#)
        legacy.file("aaa/layer.tar", one)
        legacy.file("bbb/json", #"{"id":"bbb","parent":"aaa","os":"linux","architecture":"amd64","config":{"Cmd":["/old"]}}"#)
        legacy.file("bbb/layer.tar", two)
        #expect(try await fixture.load(legacy.finished).map(\.reference) == ["old:1"])
        let resolved = try #require(try await fixture.library.resolve("old:1"))
        #expect(resolved.configuration.config?.cmd == ["/old"])
        #expect(resolved.diffIDs.map(\.hex) == [LayoutBuilder.digest(one), LayoutBuilder.digest(two)])
        #expect(fixture.unpacker.counts.values.allSatisfy { $0 == 1 })
    }

    @Test func removingKeepsWhatOthersHave() async throws {
        let fixture = try await LibraryFixture()
        try await fixture.load(LayoutBuilder.image("a:1", one))
        try await fixture.load(LayoutBuilder.image("b:1", one, two))
        let refused = await #expect(throws: ServiceError.self) { try await fixture.library.remove("b:1") { _ in ["function 'f'"] } }
        #expect(refused?.code == "ImageInUse")
        try await fixture.library.remove("b:1") { _ in [] }
        #expect(try fixture.layerFolders() == [LayoutBuilder.digest(one)])
        #expect(try fixture.blobs().count == 2)
        #expect(try await fixture.library.list().map(\.reference) == ["a:1"])
        let missing = await #expect(throws: ServiceError.self) { try await fixture.library.remove("b:1") { _ in [] } }
        #expect(missing?.status == 404)
        try await fixture.library.remove("a:1") { _ in [] }
        #expect(try fixture.layerFolders().isEmpty)
        #expect(try fixture.blobs().isEmpty)
    }

    @Test func aNameThatMovesLeavesAnImageWithoutName() async throws {
        let fixture = try await LibraryFixture()
        let before = try #require(try await fixture.load(LayoutBuilder.image("a:1", one)).first)
        try await fixture.load(LayoutBuilder.image("a:1", two))
        #expect(try await fixture.library.list().map(\.reference).sorted() == ["a:1", "\(before.manifestDigest)"])
        try await fixture.library.remove("\(before.manifestDigest)") { _ in [] }
        #expect(try fixture.layerFolders() == [LayoutBuilder.digest(two)])
    }

    @Test func twoLoadsAtOnceUnpackALayerOnce() async throws {
        let fixture = try await LibraryFixture()
        let layers = (0..<6).map { LayoutBuilder.layer("file\($0)", String(repeating: "x", count: 500_000)) }
        let archives = ["a:1", "b:1", "c:1", "d:1"].map { name in
            var layout = LayoutBuilder()
            return layout.finish(layout.image(layers, extra: LayoutBuilder.named(name)))
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for archive in archives { group.addTask { try await fixture.load(archive) } }
            try await group.waitForAll()
        }
        #expect(fixture.unpacker.counts.count == 6)
        #expect(fixture.unpacker.counts.values.allSatisfy { $0 == 1 })
        #expect(try await fixture.library.list().count == 4)
    }
}
