// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import Images
import OCI
import TarFixtures
import Testing

@Suite struct HostileArchiveTests {
    private let layer = LayoutBuilder.layer("x", "x\n")

    private func refusal(_ build: (inout LayoutBuilder) -> [UInt8]) async throws -> String {
        let fixture = try await LibraryFixture()
        var layout = LayoutBuilder()
        let reason = try #require(try await fixture.refusal(build(&layout), name: "x"))
        // Nothing is left of what was refused.
        #expect(try await fixture.library.list().isEmpty)
        #expect(try fixture.layerFolders().isEmpty)
        #expect(try fixture.blobs().isEmpty)
        #expect(try fixture.temporaryFiles().isEmpty)
        #expect(reason.hasPrefix("400 "), "\(reason)")
        return reason
    }

    @Test("CVE-2021-41190: an index where a manifest was promised") func confusion() async throws {
        let reason = try await refusal { layout in
            layout.finish(layout.blob(Array(#"{"schemaVersion":2,"manifests":[]}"#.utf8), type: "manifest.v1+json"))
        }
        #expect(reason.contains("CVE-2021-41190"))
    }

    @Test("CVE-2021-41190: a document with the fields of both") func both() async throws {
        let reason = try await refusal { layout in
            let config = LayoutBuilder.descriptor([], type: "config.v1+json")
            return layout.finish(
                layout.blob(Array(#"{"schemaVersion":2,"manifests":[],"layers":[],"config":\#(config)}"#.utf8), type: "manifest.v1+json"))
        }
        #expect(reason.contains("CVE-2021-41190"))
    }

    @Test("CVE-2023-25153: a manifest and a configuration past their limits") func limits() async throws {
        let padding = String(repeating: " ", count: 9 << 20)
        let manifest = try await refusal {
            $0.finish($0.blob(Array((#"{"schemaVersion":2,"manifests":[]}"# + padding).utf8), type: "index.v1+json"))
        }
        #expect(manifest.contains("limit is 4194304"))
        let config = try await refusal { $0.finish($0.image([layer], config: LayoutBuilder.config([layer]) + padding)) }
        #expect(config.contains("limit is 8388608"))
        let many = try await refusal { layout in
            layout.finish(layout.image((0..<128).map { LayoutBuilder.layer("f\($0)", "x\n") }))
        }
        #expect(many.contains("has 128 layers, the limit is 127"), "\(many)")
    }

    @Test("CVE-2026-53488, CVE-2022-23648: labels, annotations and volumes mean nothing to the host") func labels() async throws {
        let plain = try await LibraryFixture()
        let marked = try await LibraryFixture()
        try await plain.load(LayoutBuilder.image("x:1", layer))
        let config = LayoutBuilder.config([layer]).replacingOccurrences(
            of: #""Cmd":["/x"]"#,
            with:
                #""Cmd":["/x"],"Labels":{"io.swiftlet.privileged":"true","disable":"seccomp"},"Volumes":{"/../../etc":{}},"OnBuild":["x"]"#)
        var layout = LayoutBuilder()
        let manifest = layout.image(
            [layer], config: config,
            extra: #","annotations":{"org.opencontainers.image.ref.name":"x:1","org.opencontainers.image.layer.mount":"/etc"}"#)
        try await marked.load(layout.finish(manifest))
        let (one, other) = (try await plain.library.resolve("x:1"), try await marked.library.resolve("x:1"))
        #expect(one != nil)
        #expect(one?.configuration.config == other?.configuration.config)
        #expect(one?.diffIDs == other?.diffIDs)
        #expect(try marked.layerFolders() == plain.layerFolders())
    }

    @Test func limitsThatTheOperatorHasSet() async throws {
        func refusal(_ limit: String) async throws -> String? {
            var limits = ImageLimits()
            try limits.set(limit)
            return try await LibraryFixture(limits: limits).refusal(LayoutBuilder.image("x:1", layer))
        }
        #expect(try await refusal("config=100")?.contains("limit is 100") == true)
        #expect(try await refusal("archive=2000")?.contains("larger than the limit of 2000 bytes") == true)
        #expect(try await refusal("members=2")?.contains("more than the limit of 2 members") == true)
        #expect(try await refusal("members=100") == nil)
    }

    @Test func aBlobWithAnotherDigest() async throws {
        let reason = try await refusal { layout in
            let config = layout.blob(Array(LayoutBuilder.config([layer]).utf8), type: "config.v1+json")
            let other = LayoutBuilder.layer("y", "y\n")
            layout.file("blobs/sha256/\(LayoutBuilder.digest(layer))", other)
            let descriptor = LayoutBuilder.descriptor(layer, type: "layer.v1.tar")
            return layout.finish(
                layout.blob(Array(#"{"schemaVersion":2,"config":\#(config),"layers":[\#(descriptor)]}"#.utf8), type: "manifest.v1+json"))
        }
        #expect(reason.contains("digest") || reason.contains("diff id"))
    }

    @Test func aLayerWithAnotherDiffID() async throws {
        let other = LayoutBuilder.layer("y", "y\n")
        let reason = try await refusal { $0.finish($0.image([layer], config: LayoutBuilder.config([other]))) }
        #expect(reason.contains("was promised"))
    }

    @Test func aDocumentWithAnotherDigest() async throws {
        let reason = try await refusal { layout in
            let config = LayoutBuilder.config([layer])
            layout.file(
                "blobs/sha256/\(LayoutBuilder.digest(Array(config.utf8)))", config.replacingOccurrences(of: #"["/x"]"#, with: #"["/y"]"#))
            let layers = layout.blob(layer, type: "layer.v1.tar")
            let manifest =
                #"{"schemaVersion":2,"config":\#(LayoutBuilder.descriptor(Array(config.utf8), type: "config.v1+json")),"layers":[\#(layers)]}"#
            return layout.finish(layout.blob(Array(manifest.utf8), type: "manifest.v1+json"))
        }
        #expect(reason.contains("has in truth the digest"))
    }

    @Test("a member that is a device or a pipe", arguments: ["3", "4", "6"] as [Character]) func special(_ type: Character) async throws {
        var tar = TarBuilder()
        tar.add("blobs/sha256/x", type: type)
        let device = tar.bytes
        #expect(try await refusal { device + $0.finish($0.image([layer])) }.contains("neither a file, a folder nor a link"))
    }

    @Test func aBlobOfAnotherSize() async throws {
        let reason = try await refusal { layout in
            let manifest = layout.image([layer])
            return layout.finish(manifest.replacingOccurrences(of: #""size":"#, with: #""size":1"#))
        }
        #expect(reason.contains("promises"))
    }

    @Test func otherNumbersOfDiffIDs() async throws {
        #expect(try await refusal { $0.finish($0.image([layer], config: LayoutBuilder.config([]))) }.contains("0 diff ids for 1 layers"))
    }

    @Test func aMissingBlobIsNamed() async throws {
        let reason = try await refusal { $0.finish(LayoutBuilder.descriptor(layer, type: "manifest.v1+json")) }
        #expect(reason.contains(LayoutBuilder.digest(layer)))
    }

    @Test func anArchiveThatSaysTwoThings() async throws {
        let reason = try await refusal { layout in
            layout.file("index.json", "{}")
            return layout.finish(layout.image([layer]))
        }
        #expect(reason.contains("twice"))
    }

    @Test("what is no image archive", arguments: ["", "hello", String(repeating: "x", count: 5000), "\u{28}"])
    func nonsense(_ text: String) async throws { _ = try await refusal { _ in Array(text.utf8) } }

    @Test func aCutArchive() async throws {
        let whole = LayoutBuilder.image("x", LayoutBuilder.layer("x", String(repeating: "x", count: 5000)))
        for length in [512, 1000, 4000, 7000] { #expect(try await refusal { _ in Array(whole[..<length]) }.count > 10) }
    }

    @Test func aTarOfSomethingElseIsDescribed() async throws {
        #expect(try await refusal { _ in layer }.contains("it has: x"))
    }

    @Test func aBombOfAnArchive() async throws {
        let scratch = try Scratch()
        try run("sh", "-c", "truncate -s 200M \(scratch.path)/zeros && gzip \(scratch.path)/zeros")
        let bomb = Array(try Data(contentsOf: URL(fileURLWithPath: scratch.path + "/zeros.gz")))
        #expect(try await refusal { _ in bomb }.contains("times larger"))
    }
}
