// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import Images
import NIOCore
import TarFixtures
import Testing

/// A client, or a registry, that sends a layer slowly or not at all holds nobody else up.
@Suite(.timeLimit(.minutes(3))) struct SlowSenderTests {
    private let first = LayoutBuilder.layer("one", noise(2_600_000, seed: 1))
    private let second = LayoutBuilder.layer("two", noise(1_400_000, seed: 2))

    @Test func thePaceIsOfTheTimeThatWasWaitedForTheSender() {
        let start = ContinuousClock.now
        func after(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }
        var pace = SenderPace(SenderPatience(window: .seconds(5), least: 1000, now: { start }))
        #expect(!pace.isSlow(at: after(4)) && pace.isSlow(at: after(5)))
        pace.came(10, at: after(3))
        // The unpacker takes its time, which is not the sender's fault.
        #expect(!pace.isSlow(at: after(100)))
        pace.handedOn(at: after(100))
        #expect(!pace.isSlow(at: after(101)) && pace.isSlow(at: after(102)))
        pace.came(990, at: after(110))
        pace.handedOn(at: after(110))
        #expect(!pace.isSlow(at: after(114)) && pace.isSlow(at: after(115)))
        // Byte for byte is as slow as nothing at all.
        for second in 111...130 {
            pace.came(1, at: after(second))
            pace.handedOn(at: after(second))
        }
        #expect(pace.isSlow(at: after(130)))
        pace.came(5000, at: after(136))
        pace.handedOn(at: after(136))
        #expect(!pace.isSlow(at: after(137)))
        // Much at once, and then nothing.
        #expect(pace.isSlow(at: after(141)))
        pace.end()
        #expect(!pace.isSlow(at: after(1000)))
    }

    private func fixture() async throws -> LibraryFixture {
        try await LibraryFixture(patience: SenderPatience(window: .milliseconds(100), least: 1000))
    }

    private func image(_ layers: [UInt8]..., config: String? = nil, name: String = "x:1") throws -> [UInt8] {
        var layout = LayoutBuilder()
        let manifest = layout.image(layers, config: config, extra: LayoutBuilder.named(name))
        return try asSent(layout.finish(manifest))
    }

    /// An upload that has sent a part of its first layer.
    private struct Upload {
        let load: Task<[Image], any Error>
        let rest: ArraySlice<UInt8>
        let sender: AsyncStream<ByteBuffer>.Continuation

        init(_ archive: [UInt8], upTo bytes: Int, to fixture: LibraryFixture) {
            let (chunks, sender) = AsyncStream.makeStream(of: ByteBuffer.self)
            self.sender = sender
            load = Task { try await fixture.library.load(chunks: chunks, name: nil) { _ in } }
            sender.yield(ByteBuffer(bytes: archive[..<bytes]))
            rest = archive[bytes...]
        }

        func finish() async throws -> [String] {
            sender.yield(ByteBuffer(bytes: rest))
            sender.finish()
            return try await load.value.map(\.reference)
        }
    }

    private func unpackers(_ fixture: LibraryFixture) throws -> [String] {
        try fixture.layerFolders().filter { $0.hasPrefix(".tmp-") && !$0.dropFirst().contains(".") }
    }

    /// Unpackers that have got all that was sent so far, or nearly.
    private func waiting(_ fixture: LibraryFixture) throws -> Int {
        try unpackers(fixture).count { folder in
            let path = "\(fixture.unpacker.folder)/\(folder)/one"
            guard FileManager.default.fileExists(atPath: path) else { return false }
            return (try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0) > 1_200_000
        }
    }

    @Test func whoHasASharedLayerDoesNotWaitForASlowSender() async throws {
        let fixture = try await fixture()
        let slow = Upload(try image(first, second, name: "slow:1"), upTo: 1_500_000, to: fixture)
        try await until { !fixture.unpacker.counts.isEmpty }
        #expect(try await fixture.load(try image(first, name: "fast:1")).map(\.reference) == ["fast:1"])
        let shared = try #require(Digest(hex: LayoutBuilder.digest(first)))
        #expect(fixture.unpacker.counts == [shared: 2])
        // The slow one has given its unpacker back, and is heard to its end.
        try await until { try unpackers(fixture).isEmpty }
        #expect(try await slow.finish() == ["slow:1"])
        #expect(fixture.unpacker.counts[shared] == 2 && fixture.unpacker.counts.count == 2)
        #expect(try Set(fixture.layerFolders()) == [LayoutBuilder.digest(first), LayoutBuilder.digest(second)])
    }

    @Test func theRestOfALayerThatAnotherHasBroughtIsCheckedAllTheSame() async throws {
        let fixture = try await fixture()
        var archive = try image(first, name: "slow:1")
        let slow = Upload(archive, upTo: 1_500_000, to: fixture)
        try await until { !fixture.unpacker.counts.isEmpty }
        try await fixture.load(try image(first, name: "fast:1"))
        archive[2_000_000] ^= 1
        slow.sender.yield(ByteBuffer(bytes: archive[1_500_000...]))
        slow.sender.finish()
        await #expect { try await slow.load.value } throws: { "\($0)".contains("has in truth the digest") }
    }

    @Test func whoSaysToHaveTheLayerAndHasNotHarmsNobody() async throws {
        let fixture = try await fixture()
        let slow = Upload(try image(first, name: "slow:1"), upTo: 1_500_000, to: fixture)
        try await until { !fixture.unpacker.counts.isEmpty }
        let refused = try await fixture.refusal(try image(second, config: LayoutBuilder.config([first])))
        #expect(refused?.contains("was promised") == true, "\(refused ?? "")")
        #expect(try await slow.finish() == ["slow:1"])
        #expect(try fixture.layerFolders() == [LayoutBuilder.digest(first)])
    }

    @Test func whoWaitsForAnotherAndIsCancelledIsFreeAtOnce() async throws {
        let fixture = try await LibraryFixture()
        let slow = Upload(try image(first, name: "slow:1"), upTo: 1_500_000, to: fixture)
        try await until { !fixture.unpacker.counts.isEmpty }
        let archive = try image(first, name: "fast:1")
        let waiting = Task { try await fixture.load(archive) }
        try await Task.sleep(for: .milliseconds(200))
        waiting.cancel()
        await #expect(throws: (any Error).self) { try await waiting.value }
        #expect(try await slow.finish() == ["slow:1"])
    }

    @Test func slowUploadsLeaveOthersTheirPlaces() async throws {
        let fixture = try await fixture()
        var slow: [Upload] = []
        for number in 0..<5 {
            let layer = LayoutBuilder.layer("one", noise(2_600_000, seed: UInt64(10 + number)))
            slow.append(Upload(try image(layer, name: "slow\(number):1"), upTo: 1_500_000, to: fixture))
            try await until { try waiting(fixture) > number }
            try await Task.sleep(for: .milliseconds(300))
        }
        // A brisk one is unpacked as it comes.
        let archive = try image(first, second)
        let brisk = Upload(archive, upTo: archive.count - 1_200_000, to: fixture)
        let whole = LayoutBuilder.digest(first)
        for _ in 0..<4000 where try !fixture.layerFolders().contains(whole) { try await Task.sleep(for: .milliseconds(5)) }
        #expect(try fixture.layerFolders().contains(whole))
        #expect(try await brisk.finish() == ["x:1"])
        for (number, upload) in slow.enumerated() { #expect(try await upload.finish() == ["slow\(number):1"]) }
    }
}
