// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import Images
import OCI
import TarFixtures
import Testing

@Suite struct PackTests {
    let scratch: Scratch
    let source: String

    init() throws {
        scratch = try Scratch()
        source = scratch.path + "/source"
        try FileManager.default.createDirectory(atPath: source + "/bin/below", withIntermediateDirectories: true)
        _ = try scratch.write(Array("#!/bin/sh\n".utf8), to: "source/bin/server")
        try run(
            "sh", "-c",
            "cd \(source) && chmod 755 bin/server && ln bin/server bin/again && ln -s server bin/link && touch bin/below/\(String(repeating: "n", count: 150)) && mkfifo pipe"
        )
    }

    private var options: PackOptions {
        var options = PackOptions()
        options.command = ["/bin/server"]
        options.arguments = ["--port", "9000"]
        options.port = 9000
        options.environment = ["MODE=test"]
        options.workingDirectory = "/bin"
        options.name = "packed:1"
        options.newestTime = 1_700_000_000
        return options
    }

    @Test func otherToolsAcceptIt() throws {
        let archive = scratch.path + "/packed.tar"
        try ImagePacker.pack(directory: source, options: options, to: archive)
        let inspected = try run("skopeo", "inspect", "--config", "oci-archive:" + archive)
        let config =
            try #require(try JSONSerialization.jsonObject(with: Data(inspected.utf8)) as? [String: Any])["config"] as? [String: Any]
        #expect(config?["Entrypoint"] as? [String] == ["/bin/server"])
        #expect(config?["Cmd"] as? [String] == ["--port", "9000"])
        #expect((config?["ExposedPorts"] as? [String: Any])?.keys.first == "9000/tcp")
        #expect((config?["Env"] as? [String])?.contains("PORT=9000") == true)
        try run("sh", "-c", "mkdir \(scratch.path)/layout && tar xf \(archive) -C \(scratch.path)/layout")
        try run("umoci", "unpack", "--image", scratch.path + "/layout:packed:1", scratch.path + "/bundle")
        #expect(
            try run("sh", "-c", "cd \(scratch.path)/bundle/rootfs && find . -type f -o -type l | sort").split(separator: "\n").count == 4)
        #expect(try run("stat", "-c", "%h %a %u %Y", scratch.path + "/bundle/rootfs/bin/server") == "2 755 0 1700000000\n")
    }

    @Test func theSameFilesGiveTheSameBytes() throws {
        for name in ["a", "b"] {
            try run("sh", "-c", "touch \(source)/bin/server")
            try ImagePacker.pack(directory: source, options: options, to: scratch.path + "/" + name)
        }
        try run("cmp", scratch.path + "/a", scratch.path + "/b")
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).sorted() == ["a", "b", "source"])
    }

    @Test func swiftletLoadsIt() async throws {
        let fixture = try await LibraryFixture()
        try ImagePacker.pack(directory: source, options: options, to: scratch.path + "/packed.tar")
        #expect(try await fixture.load(file: scratch.path + "/packed.tar").map(\.reference) == ["packed:1"])
        #expect(try await fixture.library.resolve("packed:1")?.configuration.config?.workingDir == "/bin")
    }

    @Test func anUnpackedLayoutIsLoadedToo() async throws {
        let fixture = try await LibraryFixture()
        let archive = scratch.path + "/packed.tar"
        try ImagePacker.pack(directory: source, options: options, to: archive)
        try run("sh", "-c", "mkdir \(scratch.path)/layout && tar xf \(archive) -C \(scratch.path)/layout")
        try ImagePacker.archive(layout: scratch.path + "/layout", to: scratch.path + "/again.tar")
        #expect(try await fixture.load(file: scratch.path + "/again.tar").map(\.reference) == ["packed:1"])
        #expect(throws: ServiceError.self) { try ImagePacker.archive(layout: source, to: scratch.path + "/x.tar") }
    }

    @Test func failuresLeaveNothing() throws {
        #expect(throws: ServiceError.self) {
            try ImagePacker.pack(directory: source + "/missing", options: options, to: scratch.path + "/x.tar")
        }
        var wrong = options
        wrong.name = "Not A Name"
        #expect(throws: ServiceError.self) { try ImagePacker.pack(directory: source, options: wrong, to: scratch.path + "/x.tar") }
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["source"])
    }
}
