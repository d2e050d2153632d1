// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import Images
import NIOCore
import Registry
import RegistryFixtures
import Sandbox
import Synchronization
import TarFixtures
import Testing

/// The quota while several images are on their way.
@Suite(.serialized, .timeLimit(.minutes(2))) struct QuotaTests {
    private func archive(_ name: String, _ layer: [UInt8]) throws -> [UInt8] { try asSent(LayoutBuilder.image(name, layer)) }

    private func layer(_ bytes: Int, seed: UInt64) -> [UInt8] { LayoutBuilder.layer("file", noise(bytes, seed: seed)) }

    /// An archive whose layer takes less on its way than it does on disk.
    private func packed(_ name: String, _ plain: [UInt8]) throws -> [UInt8] {
        let scratch = try Scratch()
        let path = try scratch.write(plain, to: "layer")
        try run("gzip", "-1", path)
        var layout = LayoutBuilder()
        let manifest = layout.image(
            [Array(try Data(contentsOf: URL(fileURLWithPath: path + ".gz")))], config: LayoutBuilder.config([plain]),
            extra: LayoutBuilder.named(name))
        return try asSent(layout.finish(manifest))
    }

    @Test("room that is freed is there for who is unpacking", arguments: ["remove", "collect"]) func freed(_ how: String) async throws {
        let first = layer(3_400_000, seed: 1)
        // The last of four files is the one that does not fit.
        var files = TarBuilder()
        for number in 0..<4 { files.add("file\(number)", noise(750_000, seed: UInt64(2 + number))) }
        let second = try packed("second:1", files.finished)
        #expect(second.count < 2_600_000)
        try await PullFixture.with(space: ImageSpace(quota: 6_000_000)) { fixture async throws in
            _ = try await fixture.library.load(chunks: chunks(try archive("first:1", first)), name: nil) { _ in }
            let refused = try await fixture.refusal(of: second)
            #expect(refused.status == 507 && refused.message.contains("--image-quota leaves 2600000"), "\(refused)")
            let (coming, sender) = AsyncStream.makeStream(of: ByteBuffer.self)
            let load = Task { try await fixture.library.load(chunks: coming, name: nil) { _ in } }
            sender.yield(ByteBuffer(bytes: second[..<1_060_000]))
            // It has begun, with what room there was then.
            try await until { try fixture.leftovers().contains(where: { $0.hasPrefix("layers/.tmp-") }) }
            if how == "remove" {
                try await fixture.library.remove("first:1") { _ in [] }
            } else {
                _ = try await fixture.library.collect(all: true, used: [], dryRun: false)
            }
            sender.yield(ByteBuffer(bytes: second[1_060_000...]))
            sender.finish()
            #expect(try await load.value.map(\.reference) == ["second:1"])
        }
    }

    @Test("blobs that are kept count from their beginning, those of all pulls together") func kept() async throws {
        let registry = try TestRegistry()
        let layers = [layer(300_000, seed: 1), layer(300_000, seed: 2)]
        for (number, layer) in layers.enumerated() {
            try registry.push(LayoutBuilder.image("x:1", layer), "hello:\(number)", options: "--preserve-digests")
        }
        let front = try Front(registry, "--stall-after", "100000")
        try await PullFixture.with(space: ImageSpace(quota: 1_000_000)) { fixture async throws in
            for number in 0..<2 { try await fixture.pull("\(registry.address)/hello:\(number)") }
            let slow = Task { try await fixture.pull("\(front.address)/hello:0", keepBlobs: true) }
            try await until { front.requests.contains(where: { $0.hasPrefix("stalled") }) }
            // With either of the two 900,000 bytes are taken, and with both more than there may be.
            let refused = try await fixture.refusal("\(registry.address)/hello:1", keepBlobs: true)
            #expect(
                refused.status == 507
                    && refused.message.contains("with its 301568 bytes the images that are on their way take 603136")
                    && refused.message.contains("leaves 400000"), "\(refused)")
            slow.cancel()
            await #expect(throws: (any Error).self) { try await slow.value }
            // What was given up is given back, and what is recorded counts once.
            #expect(try await fixture.pull("\(registry.address)/hello:1", keepBlobs: true).layers.count == 1)
            let other = LayoutBuilder.image("z:1", layer(90_000, seed: 3))
            #expect(try await fixture.library.load(chunks: chunks(other), name: nil) { _ in }.count == 1)
            let full = try await fixture.refusal(of: LayoutBuilder.image("w:1", layer(20_000, seed: 4)))
            #expect(full.status == 507, "\(full)")
        }
    }

    @Test("who finds no room beside another that brings the same layer waits for that one", arguments: [false, true])
    func overtaking(keepBlobs: Bool) async throws {
        let registry = try TestRegistry()
        let plain = layer(1_500_000, seed: 1)
        try registry.push(LayoutBuilder.image("x:1", plain), "hello:1", options: "--preserve-digests")
        let goOn = registry.scratch.path + "/go-on"
        let front = try Front(registry, "--stall-each", "1300000", "--stall-file", goOn)
        // Room for the layer, and the blob where it is kept, and not for as much again as the slow one has brought.
        try await PullFixture.with(
            space: ImageSpace(quota: keepBlobs ? 3_600_000 : 2_000_000), patience: SenderPatience(window: .milliseconds(100), least: 1000)
        ) { fixture async throws in
            async let slow = fixture.pull("\(front.address)/hello:1")
            let isWritten = {
                try fixture.leftovers().contains { path in
                    let file = "\(fixture.scratch.path)/\(path)/file"
                    guard path.hasPrefix("layers/.tmp-"), FileManager.default.fileExists(atPath: file) else { return false }
                    return try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int ?? 0 > 1_000_000
                }
            }
            try await until { try isWritten() }
            async let fast = fixture.pull("\(registry.address)/hello:1", keepBlobs: keepBlobs)
            try await until { fixture.unpacker.failures > 0 }
            #expect(FileManager.default.createFile(atPath: goOn, contents: nil))
            #expect(try await [slow.layers.count, fast.layers.count] == [1, 1])
            #expect(fixture.unpacker.counts == [try #require(Digest(hex: LayoutBuilder.digest(plain))): 2])
            if !keepBlobs { return }
            let blob = "\(fixture.scratch.path)/data/blobs/sha256/\(LayoutBuilder.digest(plain))"
            #expect(try Array(Data(contentsOf: URL(fileURLWithPath: blob))) == plain)
        }
    }

    @Test func aLayerThatCannotBeRemovedKeepsNoOthers() async throws {
        let calls = Mutex(0)
        let fixture = try await PullFixture(onRemove: { _ in
            let number = calls.withLock { calls in
                calls += 1
                return calls
            }
            if number == 1 { throw UnpackFailure(reason: "the first of them is in somebody's way") }
        })
        for seed in 1...3 {
            let archive = LayoutBuilder.image("image\(seed):1", layer(1000, seed: UInt64(seed)))
            _ = try await fixture.library.load(chunks: chunks(archive), name: nil) { _ in }
        }
        await #expect(throws: (any Error).self) { try await fixture.library.collect(all: true, used: [], dryRun: false) }
        #expect(try fixture.leftovers().count { $0.hasPrefix("layers/") } == 1 && calls.withLock { $0 } == 3)
        try await fixture.registries.shutDown()
    }
}
