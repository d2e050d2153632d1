// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import Glibc
import Images
import Synchronization
import TarFixtures
import Testing

/// A stop in the middle of a load leaves nothing that a later load takes for whole.
@Suite struct CrashTests {
    @Test("kill -9 of the unpacker, at many moments", arguments: [0, 200, 1000, 3000, 8000, 20000, 60000] as [UInt32])
    func killedUnpacker(_ microseconds: UInt32) async throws {
        let kill = Mutex(true)
        let fixture = try await LibraryFixture { folder in
            try DirectUnpacker(
                folder: folder,
                onStart: { pid in
                    guard kill.withLock({ $0 }) else { return }
                    usleep(microseconds)
                    Glibc.kill(pid, SIGKILL)
                })
        }
        var tar = TarBuilder()
        for number in 0..<3000 { tar.add("folder\(number % 50)/file\(number)", "content \(number)\n") }
        let archive = LayoutBuilder.image("hello:1", tar.finished)
        let reason = try await fixture.refusal(archive)
        if reason != nil {
            #expect(reason?.contains("signal 9") == true)
            #expect(try await fixture.library.list().isEmpty)
            #expect(try fixture.layerFolders().isEmpty)
        }
        kill.withLock { $0 = false }
        try await fixture.load(archive)
        let folder = try #require(try fixture.layerFolders().first)
        #expect(try run("find", fixture.unpacker.folder + "/" + folder, "-type", "f").split(separator: "\n").count == 3000)
    }

    /// The state directory is copied at the moment of the stop: a daemon that is killed leaves exactly that.
    @Test func aStopBetweenThePlaceAndTheRecord() async throws {
        let after = try Scratch()
        let layers = [LayoutBuilder.layer("one", "1\n"), LayoutBuilder.layer("two", "2\n")]
        let last = LayoutBuilder.digest(layers[1])
        let state = Mutex("")
        let fixture = try await LibraryFixture { folder in
            state.withLock { $0 = String(folder.dropLast("/layers".count)) }
            return try DirectUnpacker(
                folder: folder,
                onPlaced: { digest in
                    if digest.hex == last { try run("cp", "-a", state.withLock { $0 } + "/.", after.path) }
                })
        }
        let archive = LayoutBuilder.image("hello:1", layers[0], layers[1])
        try await fixture.load(archive)

        #expect(try FileManager.default.contentsOfDirectory(atPath: after.path + "/layers").count == 2)
        let unpacker = try DirectUnpacker(folder: after.path + "/layers")
        let library = try await LibraryFixture.open(after.path, unpacker)
        #expect(try await library.list().isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: after.path + "/layers").isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: after.path + "/data/tmp").isEmpty)
        #expect(try await library.load(chunks: chunks(archive), name: nil, progress: { _ in }).count == 1)
        #expect(unpacker.counts.count == 2)
    }

    @Test func imagesSurviveARestart() async throws {
        let fixture = try await LibraryFixture()
        try await fixture.load(LayoutBuilder.image("hello:1", LayoutBuilder.layer("one", "1\n")))
        let library = try await LibraryFixture.open(fixture.scratch.path, fixture.unpacker)
        #expect(try await library.resolve("hello:1")?.diffIDs.count == 1)
        #expect(try fixture.layerFolders().count == 1)
    }
}
