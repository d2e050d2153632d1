// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import LauncherClient
import Sandbox
import Testing

/// More layers at once than the launcher has places for.
extension SandboxOnThisKernel.UnpackJobTests {
    @Test func manyLayersAtOnceWaitTheirTurn() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<40 {
                let digest = Digest(bytes: Array(repeating: UInt8(number), count: 32))
                group.addTask { _ = try await unpack("ok", digest) }
            }
            try await group.waitForAll()
        }
        #expect(try await host.client.layers().count == 41)
    }

    @Test(.timeLimit(.minutes(1))) func layersWhoseBytesDoNotComeHoldUpNoneThatIsHere() async throws {
        let real = try LauncherFixture()
        let pipes = (0..<20).map { _ in Pipe() }
        let waiting = pipes.enumerated().map { number, pipe in
            let digest = Digest(bytes: Array(repeating: UInt8(number), count: 32))
            return Task { [reading = pipe.fileHandleForReading.fileDescriptor] in
                try await real.client.unpack(digest, from: reading, offset: 0, length: 77, compression: .none)
            }
        }
        func running() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: real.folder + "/layers").count { $0.hasPrefix(".tmp-") }
        }
        while try running() < 15 { try await Task.sleep(for: .milliseconds(1)) }
        let path = host.folder + "-empty"
        #expect(FileManager.default.createFile(atPath: path, contents: nil))
        let empty = open(path, O_RDONLY)
        defer {
            close(empty)
            unlink(path)
        }
        let nothing = try #require(Digest(hex: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"))
        #expect(try await real.client.unpack(nothing, from: empty, offset: 0, length: 0, compression: .none).entries == 0)
        #expect(try running() == 15)
        kill(real.process, SIGTERM)
        for one in waiting { await #expect(throws: UnpackFailure.self) { try await one.value } }
        withExtendedLifetime(pipes) {}
    }

    @Test(.timeLimit(.minutes(5))) func ordersThatCannotBeStartedHoldUpNoneBehindThem() async throws {
        var limits = UnpackLimits()
        try limits.set(.seconds, to: 10)
        let busy = try LauncherFixture(folder: host.folder + "-busy", launcher: programs + "/swiftlet-launcher", layerLimits: limits)
        func digest(_ number: Int) -> Digest { Digest(bytes: Array(repeating: UInt8(number), count: 32)) }
        let overdue = (0..<4).map { number in Task { try await unpack("s", digest(number), with: busy.client) } }
        let layers = busy.folder + "/layers"
        while try FileManager.default.contentsOfDirectory(atPath: layers).count(where: { $0.hasPrefix(".tmp-") }) < 4 {
            try await Task.sleep(for: .milliseconds(1))
        }
        let null = open("/dev/zero", O_RDONLY)
        defer { close(null) }
        // More than the four that end could start with one place less each time.
        let refused = (10..<30).map { number in
            Task { try await busy.client.unpack(digest(number), from: null, offset: 0, length: 1, compression: .none) }
        }
        try await Task.sleep(for: .milliseconds(200))
        _ = try await unpack("ok", with: busy.client)
        for one in overdue + refused { await #expect(throws: UnpackFailure.self) { try await one.value } }
    }

    /// Stand-ins that never end, and orders behind them.
    @Test(.timeLimit(.minutes(5))) func whatNobodyNeedsAnyMoreTakesNoPlace() async throws {
        func digest(_ number: Int) -> Digest { Digest(bytes: Array(repeating: UInt8(number), count: 32)) }
        func running() throws -> Int { try folders().count { $0.hasPrefix(".tmp-") } }
        let stuck = (0..<4).map { number in Task { try await unpack("s", digest(number)) } }
        while try running() < 4 { try await Task.sleep(for: .milliseconds(1)) }
        let waiting = (10..<30).map { number in Task { try await unpack("s", digest(number)) } }
        let last = Task { try await unpack("ok") }
        while host.client.pending?.jobs != 25 { try await Task.sleep(for: .milliseconds(1)) }
        // Those that wait leave at once: the four are still about their layers.
        for one in waiting { one.cancel() }
        for one in waiting { await #expect(throws: CancellationError.self) { try await one.value } }
        #expect(try running() == 4 && host.client.pending?.jobs == 5)
        // One that runs is ended, leaves nothing, and gives its place to who waits.
        stuck[0].cancel()
        await #expect(throws: CancellationError.self) { try await stuck[0].value }
        #expect(try await last.value.entries == 1)
        #expect(try running() == 3 && !folders().contains(digest(0).hex))
        for one in stuck { one.cancel() }
        for one in stuck { await #expect(throws: CancellationError.self) { try await one.value } }
        #expect(try folders() == [".trash", host.layer.hex, diffID.hex])
        // Given up before it was asked for.
        let early = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await unpack("s", digest(40))
        }
        await #expect(throws: CancellationError.self) { try await early.value }
        #expect(host.client.pending?.jobs == 0)
    }
}
