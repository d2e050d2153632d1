// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import Images
import TarFixtures
import Testing

/// Layers whose meaning is easily got wrong, and what umoci and containers-storage (podman, buildah) make of them.
@Suite(.serialized) struct SameAsOthersTests {
    private static let everyByte = (1...255).map { UInt8($0) }.filter { $0 != UInt8(ascii: "/") }

    private static let lower: [UInt8] = {
        var tar = TarBuilder()
        tar.folder("./")
        for folder in ["a", "d", "d/sub", "opq", "opq/sub", "opq/sub/below", "gone", "was-folder"] { tar.folder(folder) }
        tar.add("a/one", "one\n")
        tar.hardLink("a/two", to: "a/one")
        tar.add("d/x", "x\n")
        tar.add("d/sub/y", "y\n")
        tar.add("opq/a", "a\n")
        tar.add("opq/sub/b", "b\n")
        tar.add("opq/sub/below/b", "b\n")
        tar.add("gone/f", "f\n")
        tar.add("gone/g", "g\n")
        tar.add("was-file", "x\n")
        tar.add("was-folder/x", "x\n")
        tar.add("x", "every byte\n", records: [("path", Array("a/".utf8) + everyByte.prefix(200))])
        tar.add("x", "every byte\n", records: [("path", Array("a/".utf8) + everyByte.suffix(80))])
        tar.add("old", "before 1970\n", records: [("mtime", Array("-1000000000".utf8))])
        tar.add("owner", "x\n", mode: 0o4755, records: [("uid", Array("4000000000".utf8)), ("gid", Array("3000000000".utf8))])
        return tar.finished
    }()

    private static let upper: [UInt8] = {
        var tar = TarBuilder()
        tar.folder("./")
        tar.folder("a")
        tar.add("a/one", "replaced, and its other name keeps the old content\n")
        tar.add(".wh.d")
        tar.folder("d")
        tar.add("d/new", "whited out and added in one layer\n")
        tar.folder("opq")
        tar.add("opq/.wh..wh..opq")
        tar.folder("opq/sub")
        tar.add("opq/sub/.wh..wh..opq")
        tar.add("opq/sub/c", "c\n")
        tar.folder("gone")
        tar.add("gone/.wh.f")
        tar.add(".wh.was-file")
        tar.folder("was-file")
        tar.add("was-file/x", "x\n")
        tar.add("was-folder", "x\n")
        return tar.finished
    }()

    private static let top: [UInt8] = {
        var tar = TarBuilder()
        tar.folder("./")
        tar.folder("opq")
        tar.folder("opq/sub")
        tar.add("opq/sub/b", "again\n")
        tar.folder("gone")
        tar.add("gone/f", "again\n")
        tar.folder("d")
        tar.add("d/.wh.new")
        return tar.finished
    }()

    private func tree(_ root: String) throws -> [Substring] { try run("python3", "scripts/list-tree.py", root).split(separator: "\n") }

    @Test func hardLinksWhiteoutsOpaqueFoldersNamesAndTimes() async throws {
        var layout = LayoutBuilder()
        let archive = layout.finish(layout.image([Self.lower, Self.upper, Self.top], extra: LayoutBuilder.named("one")))
        let fixture = try await LibraryFixture()
        let scratch = fixture.scratch.path
        let image = try #require(try await fixture.load(archive, name: "other:1").first)

        let merged = scratch + "/merged"
        let lower = image.layers.reversed().map { fixture.unpacker.folder + "/" + $0.diffID.hex }.joined(separator: ":")
        try FileManager.default.createDirectory(atPath: merged, withIntermediateDirectories: true)
        try run("mount", "-t", "overlay", "overlay", "-o", "ro,userxattr,lowerdir=" + lower, merged)
        defer { umount2(merged, CInt(MNT_DETACH)) }
        let ours = try tree(merged)
        #expect(ours.count == 19)

        _ = try fixture.scratch.write(archive, to: "layout.tar")
        try run("sh", "-c", "mkdir \(scratch)/layout && tar xf \(scratch)/layout.tar -C \(scratch)/layout")
        try run("umoci", "unpack", "--image", scratch + "/layout:one", scratch + "/bundle")
        let umoci = ours.difference(from: try tree(scratch + "/bundle/rootfs"))
        #expect(umoci.isEmpty, "umoci: \(umoci)")

        let storage = scratch + "/storage"
        try run(
            "skopeo", "copy", "-q", "--insecure-policy", "oci:\(scratch)/layout:one",
            "containers-storage:[vfs@\(storage)+\(scratch)/run]localhost/one:1")
        let images = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: storage + "/vfs-images/images.json")))
        let layer = try #require((images as? [[String: Any]])?.first?["layer"] as? String)
        // It leaves the root's time as it is, and takes a time before 1970 for 1970.
        func known(_ tree: [Substring]) -> [Substring] { tree.filter { !$0.contains("\"name\": \".\"") && !$0.contains("\"./old\"") } }
        let podman = known(ours).difference(from: known(try tree("\(storage)/vfs/dir/\(layer)")))
        #expect(podman.isEmpty, "containers-storage: \(podman)")
    }
}
