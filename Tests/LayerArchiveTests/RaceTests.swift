// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LayerArchive
import Synchronization
import TarFixtures
import Testing

/// Somebody changes the folder while it is being filled. In the product nobody can; these show that nothing rests on that.
@Suite(.serialized) struct RaceTests {
    let fixture: LayerFixture
    init() throws { fixture = try LayerFixture() }

    @Test("CVE-2025-47290: a parent is swapped for a link in mid-walk") func swappedParent() throws {
        var tar = TarBuilder()
        // Two folders in turns, so that each is looked for anew for every file.
        for number in 0..<4000 {
            tar.add("a/f\(number)", "x\n")
            tar.add("b/f\(number)", "x\n")
        }
        let layer = fixture.layer
        let isDone = Mutex(false)
        let swapper = Thread {
            while !isDone.withLock({ $0 }) {
                if rename(layer + "/a", layer + "/aside") == 0 {
                    symlink("../..", layer + "/a")
                    usleep(50)
                    unlink(layer + "/a")
                    rename(layer + "/aside", layer + "/a")
                }
            }
        }
        swapper.start()
        // It may fail, since what it made has gone; it must not leave the folder.
        do { try fixture.unpack(tar.finished) } catch is LayerRefusal {}
        isDone.withLock { $0 = true }
        #expect(try fixture.outsideIsUntouched())
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.scratch.path).allSatisfy { !$0.hasPrefix("f") })
    }

    @Test func twoUnpackersInOneFolderNeverLeaveIt() async throws {
        var tar = TarBuilder()
        for number in 0..<500 {
            tar.link("l", to: "../..")
            tar.add("l/f\(number % 7)", "x\n")
            tar.folder("l/d")
            tar.add("l", "now a file\n")
            tar.folder("l")
            tar.add("l/inside", "x\n")
        }
        let bytes = tar.finished
        let path = try fixture.scratch.write(bytes, to: "racing.tar")
        let diffID = String(try run("sha256sum", path).prefix(64))
        let layer = fixture.layer
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    let (blob, target) = (open(path, O_RDONLY), open(layer, O_RDONLY | O_DIRECTORY))
                    defer {
                        close(blob)
                        close(target)
                    }
                    let source = LayerSource(descriptor: blob, offset: 0, length: UInt64(bytes.count), form: .plain)
                    do { _ = try unpackLayer(source, into: target, diffID: diffID) } catch {}
                }
            }
        }
        #expect(try fixture.outsideIsUntouched())
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.scratch.path).sorted() == ["outer", "racing.tar"])
    }
}
