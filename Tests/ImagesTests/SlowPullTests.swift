// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import Images
import Registry
import RegistryFixtures
import Synchronization
import TarFixtures
import Testing

/// A registry that sends slowly, or nothing at all, holds up none but who asked it.
@Suite(.serialized, .timeLimit(.minutes(2))) struct SlowPullTests {
    private let patience = SenderPatience(window: .milliseconds(100), least: 1000)

    private func push(_ registry: TestRegistry, _ name: String, layers seeds: [UInt64]) throws {
        var layout = LayoutBuilder()
        let manifest = layout.image(
            seeds.map { LayoutBuilder.layer("file", noise(1_500_000, seed: $0)) }, extra: LayoutBuilder.named("x:1"))
        try registry.push(layout.finish(manifest), name, options: "--preserve-digests")
    }

    private func digest(_ seed: UInt64) throws -> Digest {
        try #require(Digest(hex: LayoutBuilder.digest(LayoutBuilder.layer("file", noise(1_500_000, seed: seed)))))
    }

    @Test func aRegistryThatSendsNoByteOfALayerIsOvertaken() async throws {
        let registry = try TestRegistry()
        try push(registry, "hello:1", layers: [1])
        // Not even the head of the answer comes.
        let front = try Front(registry, "--gather", "100")
        try await PullFixture.with(patience: patience) { fixture async throws in
            async let slow = fixture.pull("\(front.address)/hello:1")
            let layer = "/blobs/sha256:\(try digest(1).hex)"
            try await until { front.requests.contains { $0.contains(layer) } }
            #expect(try await fixture.pull("\(registry.address)/hello:1").layers.count == 1)
            // Who was overtaken has it too.
            #expect(try await slow.layers.map(\.diffID) == [digest(1)])
            #expect(fixture.unpacker.counts == [try digest(1): 1])
        }
    }

    @Test func aPullThatKeepsItsBlobsIsOvertakenAndTheBlobComesWhole() async throws {
        let registry = try TestRegistry()
        try push(registry, "hello:1", layers: [1])
        let goOn = registry.scratch.path + "/go-on"
        let front = try Front(registry, "--stall-each", "100000", "--stall-file", goOn)
        try await PullFixture.with(patience: patience) { fixture async throws in
            async let slow = fixture.pull("\(front.address)/hello:1", keepBlobs: true)
            try await until { front.requests.contains { $0.hasPrefix("stalled") } }
            // Its unpacker may not have begun yet.
            try await until { try fixture.leftovers().contains { $0.hasPrefix("layers/.tmp-") } }
            #expect(try await fixture.pull("\(registry.address)/hello:1").layers.count == 1)
            #expect(fixture.unpacker.counts == [try digest(1): 2])
            let blob = "data/blobs/sha256/\(try digest(1).hex)"
            #expect(try !fixture.leftovers().contains(blob))
            #expect(FileManager.default.createFile(atPath: goOn, contents: nil))
            #expect(try await slow.layers.count == 1)
            #expect(try fixture.leftovers().contains(blob))
            let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(fixture.scratch.path)/\(blob)"))
            #expect(LayoutBuilder.digest(Array(bytes)) == (try digest(1).hex))
        }
    }

    @Test func anOvertakenPullWhoseBlobIsNotTheOneIsRefusedAllTheSame() async throws {
        let registry = try TestRegistry()
        try push(registry, "hello:1", layers: [1])
        let goOn = registry.scratch.path + "/go-on"
        // What comes behind the stall is another.
        let front = try Front(
            registry, "--stall-each", "100000", "--stall-file", goOn, "--spoil-last", "sha256:\(try digest(1).hex)")
        try await PullFixture.with(patience: patience) { fixture async throws in
            let slow = Task { try await fixture.refusal("\(front.address)/hello:1", keepBlobs: true) }
            try await until { front.requests.contains { $0.hasPrefix("stalled") } }
            try await fixture.pull("\(registry.address)/hello:1")
            #expect(FileManager.default.createFile(atPath: goOn, contents: nil))
            let refused = try await slow.value
            #expect(refused.code == "InvalidImage", "\(refused)")
            #expect(try !fixture.leftovers().contains("data/blobs/sha256/\(try digest(1).hex)"))
        }
    }

    /// Whoever waits and has not noticed yet that the other is slow.
    @Test func whoWaitsHasTheLayerAsSoonAsAnyHas() async throws {
        let registry = try TestRegistry()
        try push(registry, "hello:1", layers: [1])
        let front = try Front(registry, "--stall-each", "100000")
        // Nobody is slow at first, and the first to wait looks once only.
        let looks = Mutex(0)
        let isLater = Mutex(false)
        let start = ContinuousClock.now
        let patience = SenderPatience(
            window: .milliseconds(100), least: 1000, now: { isLater.withLock { $0 } ? .now + .seconds(3600) : start },
            sleep: { duration in
                let number = looks.withLock { count in
                    count += 1
                    return count
                }
                try await Task.sleep(for: number == 1 ? .seconds(3600) : duration)
            })
        try await PullFixture.with(patience: patience) { fixture async throws in
            let slow = Task { try await fixture.pull("\(front.address)/hello:1", keepBlobs: true) }
            try await until { front.requests.contains { $0.hasPrefix("stalled") } }
            async let waiting = fixture.pull("\(registry.address)/hello:1")
            try await until { looks.withLock { $0 } == 1 }
            isLater.withLock { $0 = true }
            #expect(try await fixture.pull("\(registry.address)/hello:1").layers.count == 1)
            #expect(try await waiting.layers.count == 1)
            slow.cancel()
            await #expect(throws: (any Error).self) { try await slow.value }
        }
    }

    @Test(arguments: [false, true]) func pullsBeyondThePlacesForPipesGoByWayOfAFile(keepBlobs: Bool) async throws {
        let registry = try TestRegistry()
        // Four connections are made to one server at most.
        for number in 0..<4 { try push(registry, "slow:\(number)", layers: (0..<3).map { UInt64(10 + number * 3 + $0) }) }
        try push(registry, "hello:1", layers: [1, 2])
        let fronts = try (0..<4).map { _ in try Front(registry, "--stall-each", "100000") }
        try await PullFixture.with { fixture async throws in
            func unpackers() throws -> Int {
                try fixture.leftovers().count { $0.hasPrefix("layers/.tmp-") && !$0.dropFirst(9).contains(".") }
            }
            let slow = fronts.enumerated().map { number, front in
                Task { try await fixture.pull("\(front.address)/slow:\(number)") }
            }
            for front in fronts { try await until { front.requests.count { $0.hasPrefix("stalled") } == 3 } }
            try await until { try unpackers() >= 9 }
            let image = try await fixture.pull("\(registry.address)/hello:1", keepBlobs: keepBlobs)
            #expect(try [0, 1].map { try fixture.file("file", image, layer: $0) } == [1, 2].map { noise(1_500_000, seed: $0) })
            #expect(try unpackers() == 9)
            // An upload is unpacked as it comes.
            let archive = try asSent(LayoutBuilder.image("y:1", LayoutBuilder.layer("file", noise(1_500_000, seed: 3))))
            #expect(try await fixture.library.load(chunks: chunks(archive), name: nil) { _ in }.count == 1)
            for one in slow { one.cancel() }
            for one in slow { await #expect(throws: (any Error).self) { try await one.value } }
            #expect(try unpackers() == 0 && !fixture.leftovers().contains { $0.hasPrefix("data/tmp/") })
        }
    }

    /// It waits for its registry still, and for no unpacker.
    @Test func anOvertakenPullThatKeepsItsBlobsGivesItsPlacesBack() async throws {
        let registry = try TestRegistry()
        for number in 0..<4 { try push(registry, "slow:\(number)", layers: (0..<3).map { UInt64(10 + number * 3 + $0) }) }
        let fronts = try (0..<4).map { _ in try Front(registry, "--stall-each", "100000") }
        try await PullFixture.with(patience: patience) { fixture async throws in
            func unpackers() throws -> Int {
                try fixture.leftovers().count { $0.hasPrefix("layers/.tmp-") && !$0.dropFirst(9).contains(".") }
            }
            func pull(_ number: Int, keepBlobs: Bool) -> Task<Image, any Error> {
                Task { try await fixture.pull("\(fronts[number].address)/slow:\(number)", keepBlobs: keepBlobs) }
            }
            var slow = (0..<3).map { pull($0, keepBlobs: true) }
            for front in fronts[..<3] { try await until { front.requests.count { $0.hasPrefix("stalled") } == 3 } }
            try await until { try unpackers() == 9 }
            for number in 0..<3 { try await fixture.pull("\(registry.address)/slow:\(number)") }
            try await until { try unpackers() == 0 }
            // Others come by a pipe again.
            slow.append(pull(3, keepBlobs: false))
            try await until { try unpackers() == 3 }
            for one in slow { one.cancel() }
            for one in slow { await #expect(throws: (any Error).self) { try await one.value } }
        }
    }

    @Test("who hangs up when all has come ends the unpacker", arguments: ["pull", "load"]) func hangingUp(_ way: String) async throws {
        let registry = try TestRegistry()
        try push(registry, "hello:1", layers: [1])
        let archive = try asSent(LayoutBuilder.image("y:1", LayoutBuilder.layer("file", noise(1_500_000, seed: 1))))
        let (placed, places) = AsyncStream.makeStream(of: Void.self)
        let isCancelled = DispatchSemaphore(value: 0)
        // The unpacker has all, and has not ended: that it does when it is told to.
        let fixture = try await PullFixture(
            onPlaced: { _ in
                places.yield()
                isCancelled.wait()
            }, onCancel: { isCancelled.signal() })
        let coming = Task {
            if way == "pull" {
                try await fixture.pull("\(registry.address)/hello:1")
            } else {
                _ = try await fixture.library.load(chunks: chunks(archive), name: nil) { _ in }
            }
        }
        for await _ in placed { break }
        coming.cancel()
        await #expect(throws: (any Error).self) { try await coming.value }
        try await fixture.registries.shutDown()
    }
}
