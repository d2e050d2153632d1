// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import Images
import TarFixtures
import Testing

private let archives = FileManager.default.currentDirectoryPath + "/images/build"
private let made = FileManager.default.fileExists(atPath: archives + "/several.docker.tar")

/// Images made by mmdebstrap, buildah, umoci and skopeo (scripts/make-test-images), compared entry by entry with what umoci unpacks.
@Suite(.enabled(if: made, "run scripts/make-test-images first"), .serialized) struct OtherToolsTests {
    private func merged(_ fixture: LibraryFixture, _ reference: String, _ body: (String) throws -> Void) async throws {
        let image = try await fixture.library.inspect(reference).image
        let mount = fixture.scratch.path + "/merged"
        try FileManager.default.createDirectory(atPath: mount, withIntermediateDirectories: true)
        let lower = image.layers.reversed().map { fixture.unpacker.folder + "/" + $0.diffID.hex }.joined(separator: ":")
        try run(
            "mount", "-t", "overlay", "overlay", "-o", "ro,userxattr,lowerdir=" + lower, mount)
        defer { umount2(mount, CInt(MNT_DETACH)) }
        try body(mount)
    }

    @Test(arguments: [
        ("python-layout:four", 4, ["python-gzip.oci.tar", "python-zstd.oci.tar", "python.docker.tar"]),
        ("node-layout:two", 2, ["node.oci.tar"]),
    ])
    func theOverlayOfOurLayersIsWhatUmociUnpacks(layout: String, layers: Int, files: [String]) async throws {
        let scratch = try Scratch()
        try run("umoci", "unpack", "--image", archives + "/" + layout, scratch.path + "/bundle")
        let theirs = try entries(scratch.path + "/bundle/rootfs")
        for archive in files {
            let fixture = try await LibraryFixture()
            let image = try #require(
                try await fixture.load(file: "\(archives)/\(archive)", name: "other:1", inOrder: archive.contains("zstd")).first)
            #expect(image.layers.count == layers)
            try await merged(fixture, "other:1") { mount in
                let ours = try entries(mount)
                #expect(ours.count > 3000)
                let difference = ours.difference(from: theirs)
                #expect(difference.isEmpty, "\(archive): \(difference.prefix(10))")
            }
        }
    }

    /// The top layer has `opt/opaque` and no entry for `opt`: such a folder has no metadata of its own (docs/images.md), so it is not compared.
    private func entries(_ root: String) throws -> [Substring] {
        try run("python3", "scripts/list-tree.py", root).split(separator: "\n").filter { !$0.contains(#""name": "./opt", "#) }
    }

    @Test func severalImagesInOneDockerArchive() async throws {
        let fixture = try await LibraryFixture()
        let images = try await fixture.load(file: archives + "/several.docker.tar")
        #expect(images.map(\.reference) == ["localhost/python:base", "localhost/python:four"])
        #expect(images.map(\.layers.count) == [1, 4])
        #expect(fixture.unpacker.counts.count == 4)
        #expect(fixture.unpacker.counts.values.allSatisfy { $0 == 1 })
    }
}
