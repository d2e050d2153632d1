// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import Images
import NIOCore
import TarFixtures
import Testing

/// Archives whose documents come before their layers, which are unpacked while the rest comes.
@Suite struct StreamedLoadTests {
    private let first = LayoutBuilder.layer("one", noise(1_400_000, seed: 1))
    private let second = LayoutBuilder.layer("two", noise(1_300_000, seed: 2))

    private func image(_ layers: [UInt8]..., config: String? = nil) throws -> [UInt8] {
        var layout = LayoutBuilder()
        let manifest = layout.image(layers, config: config, extra: LayoutBuilder.named("x:1"))
        return try asSent(layout.finish(manifest))
    }

    private func end(of layer: [UInt8], in archive: [UInt8]) throws -> Int {
        let name = Array("blobs/sha256/\(LayoutBuilder.digest(layer))".utf8)
        let header = try #require(stride(from: 0, to: archive.count, by: 512).first { archive[$0...].starts(with: name) })
        return header + 512 + layer.count
    }

    @Test func layersComeLastTheLargestFirstAndNothingElseChanges() throws {
        var layout = LayoutBuilder()
        let manifest = layout.image([second, first], extra: LayoutBuilder.named("x:1"))
        let archive = layout.finish(manifest)
        let sent = try asSent(archive)
        #expect(sent.count == archive.count && sent != archive)
        #expect(try end(of: first, in: sent) < end(of: second, in: sent))
        #expect(try end(of: second, in: sent) > sent.count - 512 - 1024)
        let scratch = try Scratch()
        func members(_ bytes: [UInt8]) throws -> [String] {
            let path = try scratch.write(bytes, to: "archive.tar")
            return try run("tar", "-tvf", path).split(separator: "\n").map(String.init).sorted()
        }
        #expect(try members(sent) == members(archive))
        let other = Array("no tar at all".utf8)
        #expect(try asSent(other) == other)
    }

    @Test func aLayerIsInPlaceBeforeTheArchiveIsWhole() async throws {
        let fixture = try await LibraryFixture()
        let archive = try image(first, second)
        let middle = try end(of: first, in: archive) + 100_000
        let (chunks, sender) = AsyncStream.makeStream(of: ByteBuffer.self)
        let load = Task { try await fixture.library.load(chunks: chunks, name: nil) { _ in } }
        sender.yield(ByteBuffer(bytes: archive[..<middle]))
        try await until { try await !fixture.unpacker.layers().isEmpty }
        #expect(try fixture.layerFolders().contains(LayoutBuilder.digest(first)))
        #expect(try await fixture.library.list().isEmpty)
        sender.yield(ByteBuffer(bytes: archive[middle...]))
        sender.finish()
        #expect(try await load.value.map(\.reference) == ["x:1"])
        #expect(fixture.unpacker.counts.values.map { $0 } == [1, 1])
        for (layer, name) in [(first, "one"), (second, "two")] {
            let path = "\(fixture.unpacker.folder)/\(LayoutBuilder.digest(layer))/\(name)"
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)).count > 1_200_000)
        }
        // Once more: both are there, and the blobs of this archive are looked at all the same.
        #expect(try await fixture.load(archive).count == 1)
        #expect(fixture.unpacker.counts.values.map { $0 } == [1, 1])
    }

    @Test func dockersArchivesToo() async throws {
        let fixture = try await LibraryFixture()
        // A name that takes an extended header.
        let long = String(repeating: "a", count: 120) + "/layer.tar"
        var archive = TarBuilder()
        archive.add("manifest.json", #"[{"Config":"c.json","RepoTags":["x:1"],"Layers":["./\#(long)","b.tar"]}]"#)
        archive.add("c.json", LayoutBuilder.config([first, second]))
        archive.folder("folder")
        archive.add("cut", String(decoding: first, as: UTF8.self), records: [("path", Array(long.utf8))])
        archive.link("link", to: "b.tar")
        archive.add("b.tar", bytes: second)
        let whole = archive.finished
        let (chunks, sender) = AsyncStream.makeStream(of: ByteBuffer.self)
        let load = Task { try await fixture.library.load(chunks: chunks, name: nil) { _ in } }
        sender.yield(ByteBuffer(bytes: whole.dropLast(2000)))
        try await until { try await !fixture.unpacker.layers().isEmpty }
        sender.yield(ByteBuffer(bytes: whole.suffix(2000)))
        sender.finish()
        #expect(try await load.value.map(\.reference) == ["x:1"])
        #expect(fixture.unpacker.counts.values.map { $0 } == [1, 1])
    }

    /// The second one ends with its last layer, as some tools' archives do.
    @Test func anImageHasOneDigestHoweverItsLayersCame() async throws {
        let documents = [
            ("manifest.json", Array(#"[{"Config":"c.json","RepoTags":["x:1"],"Layers":["a.tar.gz","b.tar"]}]"#.utf8)),
            ("c.json", Array(LayoutBuilder.config([first, second]).utf8)),
        ]
        let layers = [("a.tar.gz", try gzip(first, level: 1)), ("b.tar", second)]
        var digests: [String] = []
        for (members, cut) in [(layers + documents, 0), (documents + layers, 1024)] {
            let fixture = try await LibraryFixture()
            var archive = TarBuilder()
            for (name, bytes) in members { archive.add(name, bytes: bytes) }
            // Once more, when the layers are there already.
            for bytes in [archive.finished.dropLast(cut), archive.finished[...]] {
                digests += try await fixture.load(Array(bytes)).map(\.manifestDigest.description)
            }
        }
        #expect(digests.count == 4 && Set(digests).count == 1, "\(digests)")
    }

    private func refusal(_ archive: [UInt8], after sound: [UInt8]? = nil) async throws -> String {
        let fixture = try await LibraryFixture()
        let reason = try #require(try await fixture.refusal(archive))
        #expect(try await fixture.library.list().isEmpty)
        #expect(try fixture.layerFolders().isEmpty && fixture.blobs().isEmpty && fixture.temporaryFiles().isEmpty)
        return reason
    }

    @Test func aHostileLayerIsRefusedInItsOwnWords() async throws {
        let hostile = LayoutBuilder.layer("../evil", noise(1_300_000, seed: 3))
        let reason = try await refusal(try image(first, hostile, second))
        #expect(reason.contains("layer sha256:\(LayoutBuilder.digest(hostile)): entry '../evil'"), "\(reason)")
        let other = try await refusal(try image(first, config: LayoutBuilder.config([second])))
        #expect(other.contains("was promised"), "\(other)")
    }

    /// Both unpack to the same: only the blob's own digest tells them apart.
    @Test func anotherBlobWithTheSameContentIsRefused() async throws {
        let (fast, small) = (try gzip(first, level: 1), try gzip(first, level: 9))
        var layout = LayoutBuilder()
        let config = layout.blob(Array(LayoutBuilder.config([first]).utf8), type: "config.v1+json")
        let descriptor = LayoutBuilder.descriptor(fast, type: "layer.v1.tar+gzip")
            .replacingOccurrences(of: "\"size\":\(fast.count)", with: "\"size\":\(small.count)")
        let manifest = layout.blob(
            Array(#"{"schemaVersion":2,"config":\#(config),"layers":[\#(descriptor)]}"#.utf8), type: "manifest.v1+json",
            extra: LayoutBuilder.named("x:1"))
        layout.file("blobs/sha256/\(LayoutBuilder.digest(fast))", small)
        let archive = layout.finish(manifest)
        for sent in [archive, try asSent(archive)] {
            let reason = try await refusal(sent)
            #expect(reason.contains("sha256:\(LayoutBuilder.digest(fast)) has in truth the digest"), "\(reason)")
        }
    }

    /// None of the layers has come when the first plan is made, so that it has nothing but what the manifest promises.
    @Test func sizesThatNobodyCanKeepAreRefused() async throws {
        let layers = (0..<3).map { LayoutBuilder.layer("x\($0)", "x\n") }
        let config = LayoutBuilder.config(layers)
        let configuration = LayoutBuilder.descriptor(Array(config.utf8), type: "config.v1+json")
        for size in [Int.max, 65 << 30, -1] {
            let descriptors = layers.map { layer in
                LayoutBuilder.descriptor(layer, type: "layer.v1.tar")
                    .replacingOccurrences(of: "\"size\":\(layer.count)", with: "\"size\":\(size)")
            }
            let manifest = Array(#"{"schemaVersion":2,"config":\#(configuration),"layers":[\#(descriptors.joined(separator: ","))]}"#.utf8)
            let entry = LayoutBuilder.descriptor(manifest, type: "manifest.v1+json", extra: LayoutBuilder.named("x:1"))
            var archive = TarBuilder()
            archive.add("oci-layout", #"{"imageLayoutVersion":"1.0.0"}"#)
            archive.add("index.json", #"{"schemaVersion":2,"manifests":[\#(entry)]}"#)
            archive.add("blobs/sha256/\(LayoutBuilder.digest(manifest))", bytes: manifest)
            archive.add("blobs/sha256/\(LayoutBuilder.digest(Array(config.utf8)))", config)
            archive.add("other", noise(1_200_000, seed: 1))
            for layer in layers { archive.add("blobs/sha256/\(LayoutBuilder.digest(layer))", bytes: layer) }
            let reason = try await refusal(archive.finished)
            #expect(reason.contains("has \(size) bytes by its manifest, the limit is \(64 << 30)"), "\(reason)")
        }
    }

    /// The plan was made before the header came.
    @Test func aHeaderThatPromisesTooMuchStartsNoUnpacker() async throws {
        let fixture = try await LibraryFixture()
        var archive = TarBuilder()
        archive.add("manifest.json", #"[{"Config":"c.json","RepoTags":["x:1"],"Layers":["b.tar"]}]"#)
        archive.add("c.json", LayoutBuilder.config([second]))
        archive.add("other", noise(1_200_000, seed: 1))
        archive.add("b.tar", String(decoding: second, as: UTF8.self), records: [("size", Array("\(Int64.max)".utf8))])
        let reason = try await fixture.refusal(archive.finished)
        #expect(reason?.contains("ends in the middle of 'b.tar'") == true, "\(reason ?? "")")
        #expect(fixture.unpacker.counts.isEmpty)
    }

    @Test func whatDoesNotFitIsRefusedBeforeALayerIsUnpacked() async throws {
        let archive = try image(first)
        try await PullFixture.with(space: ImageSpace(quota: 1_000_000)) { fixture async throws in
            let refused = try await fixture.refusal(of: archive)
            #expect(refused.status == 507 && refused.message.contains("--image-quota is 1000000"), "\(refused)")
            #expect(fixture.unpacker.counts.isEmpty)
            #expect(try fixture.leftovers() == [])
        }
    }

    @Test func aCutAndACancelledUploadLeaveNothing() async throws {
        let archive = try image(first, second)
        let middle = try end(of: first, in: archive) + 700_000
        _ = try await refusal(Array(archive[..<middle]))
        let fixture = try await LibraryFixture()
        let (chunks, sender) = AsyncStream.makeStream(of: ByteBuffer.self)
        let load = Task { try await fixture.library.load(chunks: chunks, name: nil) { _ in } }
        sender.yield(ByteBuffer(bytes: archive[..<middle]))
        try await until { try await !fixture.unpacker.layers().isEmpty }
        load.cancel()
        await #expect(throws: (any Error).self) { try await load.value }
        #expect(try fixture.layerFolders().isEmpty && fixture.blobs().isEmpty && fixture.temporaryFiles().isEmpty)
    }

    @Test func twoStreamedLoadsAtOnceUnpackALayerOnce() async throws {
        let fixture = try await LibraryFixture()
        let archive = try image(first, second)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 { group.addTask { try await fixture.load(archive) } }
            try await group.waitForAll()
        }
        #expect(fixture.unpacker.counts.values.map { $0 } == [1, 1])
    }
}

/// The bytes as gzip makes them at a level.
func gzip(_ bytes: [UInt8], level: Int) throws -> [UInt8] {
    let scratch = try Scratch()
    let path = try scratch.write(bytes, to: "plain")
    try run("gzip", "-n", "-\(level)", path)
    return Array(try Data(contentsOf: URL(fileURLWithPath: path + ".gz")))
}
