// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import Images
import NIOCore
import RegistryFixtures
import TarFixtures
import Testing

/// Names, garbage collection, and archives of images that are kept.
@Suite struct CollectTests {
    @Test func garbageIsWhatNobodyUsesAndItsLayersUnlessTheyAreShared() async throws {
        let fixture = try await LibraryFixture()
        let base = LayoutBuilder.layer("base", "1\n")
        try await fixture.load(LayoutBuilder.image("a:1", base, LayoutBuilder.layer("a", "a\n")))
        try await fixture.load(LayoutBuilder.image("b:1", base, LayoutBuilder.layer("b", "bb\n")))
        let used = try await fixture.library.inspect("a:1").image.manifestDigest
        let would = try await fixture.library.collect(all: true, used: [used], dryRun: true)
        #expect(would.images.map(\.reference) == ["b:1"] && would.layers.count == 1 && would.bytes == 3)
        #expect(try fixture.layerFolders().count == 3)
        #expect(try await fixture.library.collect(all: true, used: [used], dryRun: false) == would)
        #expect(try await fixture.library.list().map(\.reference) == ["a:1"])
        #expect(try fixture.layerFolders().count == 2)
        #expect(try fixture.blobs().count == 2)
    }

    @Test func withoutAllOnlyImagesThatLostTheirNameGo() async throws {
        let fixture = try await LibraryFixture()
        try await fixture.load(LayoutBuilder.image("a:1", LayoutBuilder.layer("a", "old\n")))
        let old = try await fixture.library.inspect("a:1").image.manifestDigest
        try await fixture.load(LayoutBuilder.image("a:1", LayoutBuilder.layer("a", "new\n")))
        let collected = try await fixture.library.collect(all: false, used: [], dryRun: false)
        #expect(collected.images.map(\.manifestDigest) == [old])
        #expect(try await fixture.library.list().map(\.reference) == ["a:1"])
    }

    @Test func aTagIsASecondNameAndMayMove() async throws {
        let fixture = try await LibraryFixture()
        try await fixture.load(LayoutBuilder.image("a:1", LayoutBuilder.layer("a", "1\n")))
        try await fixture.load(LayoutBuilder.image("a:2", LayoutBuilder.layer("a", "2\n")))
        let one = try await fixture.library.inspect("a:1").image.manifestDigest
        #expect(try await fixture.library.tag("a:1", as: "a:stable").manifestDigest == one)
        #expect(try await fixture.library.tag("a:2", as: "a:stable").manifestDigest != one)
        #expect(try await fixture.library.inspect("a:1").references == ["a:1"])
        await #expect(throws: ServiceError.self) { try await fixture.library.tag("b:1", as: "c:1") }
    }

    @Test func anExportedArchiveIsTheImageByteForByteForOtherTools() async throws {
        let fixture = try await LibraryFixture()
        let archive = LayoutBuilder.image("a:1", LayoutBuilder.layer("a", "a\n"), LayoutBuilder.layer("b", "b\n"))
        try await fixture.load(archive)
        let refused = await #expect(throws: ServiceError.self) { try await fixture.library.archive("a:1") }
        #expect(refused?.code == "ImageNotKept" && refused?.message.contains("--keep-blobs") == true)
        _ = try await fixture.library.load(chunks: chunks(archive), name: nil, keepBlobs: true) { _ in }
        let exported = try await fixture.library.archive("a:1")
        var bytes: [UInt8] = []
        for try await buffer in exported { bytes += buffer.readableBytesView }
        #expect(UInt64(bytes.count) == exported.size)
        let file = try fixture.scratch.write(bytes, to: "exported.tar")
        let digest = try await fixture.library.inspect("a:1").image.manifestDigest.description
        #expect(try runAll(["skopeo", "inspect", "--format", "{{.Digest}}", "oci-archive:\(file)"]).hasPrefix(digest))
        let layout = fixture.scratch.path + "/layout"
        try runAll(["skopeo", "copy", "-q", "oci-archive:\(file)", "oci:\(layout):x"])
        try runAll(["umoci", "unpack", "--rootless", "--image", "\(layout):x", fixture.scratch.path + "/bundle"])
        #expect(try String(contentsOfFile: fixture.scratch.path + "/bundle/rootfs/b", encoding: .utf8) == "b\n")
        // podman takes no --runroot of more than 50 characters.
        let short = "/tmp/swiftlet-\(UUID().uuidString.prefix(8))"
        defer { do { try FileManager.default.removeItem(atPath: short) } catch { Issue.record(error) } }
        let storage = ["--root", fixture.scratch.path + "/storage", "--runroot", short, "--storage-driver", "vfs"]
        #expect(try runAll(["podman"] + storage + ["load", "-q", "-i", file]).contains("a:1"))
        // A collection takes the kept blobs with the image.
        _ = try await fixture.library.collect(all: true, used: [], dryRun: false)
        #expect(try fixture.blobs().isEmpty)
    }
}
