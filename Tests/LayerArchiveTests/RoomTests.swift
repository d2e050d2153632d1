// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import LayerArchive
import LinuxSystem
import Synchronization
import TarFixtures
import Testing

/// Layers keep to the room that there is for all of them, file by file.
@Suite struct RoomTests {
    private let page: RoomPage

    init() throws {
        page = try RoomPage()
        page.room = .max
        page.span = RoomPage.places
    }

    private func refusal(_ fixture: LayerFixture, place: Int = 0, _ names: String...) throws -> LayerRefusal? {
        do {
            try fixture.unpack(place: RoomPlace(page: page, number: place)) { tar in
                for name in names { tar.add(name, String(repeating: "x", count: 600)) }
            }
            return nil
        } catch let error as LayerRefusal { return error }
    }

    @Test func aFileThatDoesNotFitIsNotMade() throws {
        page.room = 1000
        let fixture = try LayerFixture()
        let refused = try #require(try refusal(fixture, "one", "two"))
        #expect(refused.lacksRoom && refused.reason.hasPrefix("entry 'two'") && refused.reason.contains("leaves 1000"), "\(refused)")
        #expect(fixture.status("one") != nil && fixture.status("two") == nil)
    }

    @Test func layersThatAreUnderWayShareTheRoom() throws {
        page.room = 1300
        #expect(try refusal(try LayerFixture(), place: 1, "one") == nil)
        #expect(try refusal(try LayerFixture(), place: RoomPage.places - 1, "two") == nil)
        let refused = try #require(try refusal(try LayerFixture(), place: 2, "three"))
        #expect(refused.reason.contains("take 1800"), "\(refused)")
        // What one of them has taken comes back, and no more.
        page.clear(2)
        page.clear(1)
        #expect(try refusal(try LayerFixture(), place: 2, "three") == nil)
        #expect(try refusal(try LayerFixture(), place: 3, "four")?.lacksRoom == true)
        for place in [1, 2, RoomPage.places - 1] { page.clear(place) }
        #expect(page.together == 0)
    }

    /// Some bytes of a tar that comes by a pipe, and a thread that unpacks it.
    private struct Coming {
        let fixture: LayerFixture
        let pipe: Foundation.Pipe
        private let ended: AsyncStream<LayerRefusal?>

        init(_ place: RoomPlace) throws {
            let (fixture, pipe) = (try LayerFixture(), Foundation.Pipe())
            (self.fixture, self.pipe) = (fixture, pipe)
            let (ended, end) = AsyncStream.makeStream(of: LayerRefusal?.self)
            self.ended = ended
            let target = try openDirectory(currentDirectory, fixture.layer).release()
            // It waits for bytes, which no thread of the tests may.
            Thread.detachNewThread { [reading = pipe.fileHandleForReading.fileDescriptor] in
                do throws(LayerRefusal) {
                    _ = try unpackLayer(
                        LayerSource(descriptor: reading, offset: 0, length: 1 << 30, form: .plain), into: target,
                        diffID: String(repeating: "0", count: 64), place: place)
                    end.yield(nil)
                } catch { end.yield(error) }
                close(target)
            }
        }

        func send(_ bytes: some Sequence<UInt8>) throws { try pipe.fileHandleForWriting.write(contentsOf: Data(bytes)) }

        /// No more comes.
        func refusal() async throws -> LayerRefusal? {
            try pipe.fileHandleForWriting.close()
            for await refusal in ended { return refusal }
            return nil
        }
    }

    @Test(.timeLimit(.minutes(1))) func whatAHeaderPromisesTakesNoRoomBeforeItComes() async throws {
        page.room = 12_000_000
        let coming = try Coming(RoomPlace(page: page, number: 1))
        var tar = TarBuilder()
        tar.add("promised", String(repeating: "x", count: 1 << 20), size: 10_000_000)
        try coming.send(tar.bytes)
        while page.together < 500_000 { try await Task.sleep(for: .milliseconds(1)) }
        #expect(page.together <= 1 << 20)
        #expect(try refusal(try LayerFixture(), place: 2, "one") == nil)
        #expect(page.take(10_900_000, in: 3).fits)
        // What is more than there is left is refused by its header all the same, where it begins.
        page.clear(2)
        page.clear(3)
        let other = try LayerFixture()
        let large = try #require(
            try { () -> LayerRefusal? in
                do { try other.unpack(place: RoomPlace(page: page, number: 2)) { $0.add("large", "x", size: 12_000_001) } } catch let error
                    as LayerRefusal
                { return error }
                return nil
            }())
        #expect(large.lacksRoom && other.status("large") == nil, "\(large)")
        #expect(try await coming.refusal()?.reason.contains("blob ends") == true)
    }

    @Test(.timeLimit(.minutes(1))) func aFileThatFitsNoMoreWhileItIsWrittenIsRefused() async throws {
        page.room = 12_000_000
        let coming = try Coming(RoomPlace(page: page, number: 1))
        var tar = TarBuilder()
        tar.add("file", String(repeating: "x", count: 2 << 20))
        try coming.send(tar.bytes[..<(1 << 20)])
        while page.together < 1_000_000 { try await Task.sleep(for: .milliseconds(1)) }
        page.room = 1_060_000
        // Less than a pipe takes, whoever reads it.
        try coming.send(tar.bytes[(1 << 20)...].prefix(60_000))
        let refused = try #require(try await coming.refusal())
        #expect(refused.lacksRoom && refused.reason.contains("leaves 1060000"), "\(refused)")
        #expect(page.together <= 1_060_000)
    }

    @Test func aHoleTakesTheRoomThatItShows() throws {
        let fixture = try LayerFixture()
        let records = [
            ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "hole"), ("GNU.sparse.realsize", "3000000"),
        ].map { ($0.0, Array($0.1.utf8)) }
        let map = "2\n1000000\n512\n3000000\n0\n"
        try fixture.unpack(place: RoomPlace(page: page, number: 1)) {
            $0.add(
                "GNUSparseFile.0/hole", map + String(repeating: "\0", count: 512 - map.utf8.count) + String(repeating: "x", count: 512),
                records: records)
        }
        #expect(fixture.status("hole")?.st_size == 3_000_000 && page.together == 3_000_000)
    }

    /// Between two looks at the disk lies a MiB: what no entry names, and what is no content, is part of it.
    @Test(.timeLimit(.minutes(1)), arguments: ["folders", "attributes", "names"]) func theDiskIsLookedAtForMoreThanContent(
        _ kind: String
    ) async throws {
        let coming = try Coming(RoomPlace(page: page, number: 1))
        var tar = TarBuilder()
        tar.add("first")
        try coming.send(tar.bytes)
        while coming.fixture.status("first") == nil { try await Task.sleep(for: .milliseconds(1)) }
        page.reserve = 1 << 60
        var more = TarBuilder()
        // A look for each 32 names, and for each MiB with what attributes take.
        if kind == "names" {
            for number in 0..<40 { more.add("x\(number)") }
        } else if kind == "folders" {
            for number in 0..<2 {
                more.add("x", records: [("path", Array((String(repeating: "\(number)/", count: 200) + "x").utf8))])
            }
        } else {
            for number in 0..<20 {
                more.add("x\(number)", records: [("SCHILY.xattr.user.a", [UInt8](repeating: 65, count: 2000))])
            }
        }
        try coming.send(more.finished)
        let refused = try #require(try await coming.refusal())
        #expect(refused.lacksRoom && refused.reason.contains("must stay free"), "\(refused)")
    }

    @Test func whatIsRefusedTakesNoRoomFromOthers() {
        page.room = 1000
        #expect(page.take(600, in: 0) == (true, 600))
        #expect(page.take(600, in: 1) == (false, 1200))
        #expect(page.take(.max, in: 1) == (false, .max))
        #expect(page.take(400, in: 2) == (true, 1000))
        page.clear(1)
        #expect(page.together == 1000)
        page.clear(0)
        #expect(page.together == 400)
        page.giveBack(100, in: 2)
        #expect(page.together == 300 && page.look(700, in: 5) == (true, 1000) && page.look(701, in: 5) == (false, 1001))
        #expect(page.together == 300)
    }

    @Test func whatIsTakenBackInTheNextMomentRefusesNobody() {
        page.room = 1000
        // Another has counted what does not fit, and has not taken it back yet.
        page.set(500, in: 1)
        #expect(page.take(600, in: 0, pause: { page.clear(1) }) == (true, 600))
        page.set(500, in: 1)
        #expect(page.look(400, in: 2, pause: { page.clear(1) }) == (true, 1000))
        page.set(500, in: 1)
        var pauses = 0
        #expect(page.take(400, in: 2, pause: { pauses += 1 }) == (false, 1500) && pauses > 1)
    }

    /// Two go for the last byte in the same moment, again and again.
    @Test(.timeLimit(.minutes(1))) func manyAtOnceTakeNoMoreThanThereIs() async {
        let rounds = 20_000
        let (arrived, left) = (Counter(), Counter())
        page.room = 1
        let taken = await withTaskGroup(of: Int.self) { group in
            for number in 0..<2 {
                group.addTask { [page] in
                    var taken = 0
                    for round in 1...rounds {
                        arrived.meet(2 * round)
                        if page.take(1, in: number).fits { taken += 1 }
                        left.meet(2 * round)
                        #expect(page.together <= page.room)
                        // Nobody looks before both are back here.
                        if number == 0 { page.room = page.together + 1 }
                    }
                    return taken
                }
            }
            return await group.reduce(0, +)
        }
        // Who meets another at the last byte may give way; nobody takes what is not there.
        #expect(taken <= rounds && taken > rounds * 9 / 10 && page.together == UInt64(taken))
    }

    private final class Counter: Sendable {
        private let count = Atomic(0)

        /// Goes on when all have come: those who meet see each other at the same moment.
        func meet(_ all: Int) {
            count.add(1, ordering: .sequentiallyConsistent)
            var looks = 0
            while count.load(ordering: .sequentiallyConsistent) < all {
                looks += 1
                if looks.isMultiple(of: 1000) { sched_yield() }
            }
        }
    }

    @Test func whatMustStayFreeOnTheDiskStays() throws {
        page.reserve = 1 << 60
        let fixture = try LayerFixture()
        let refused = try #require(try refusal(fixture, "one"))
        #expect(refused.lacksRoom && refused.reason.contains("\(1 << 60) must stay free"), "\(refused)")
        #expect(fixture.status("one") == nil)
    }

    @Test func whoSharesAPageSeesTheSame() throws {
        let other = try RoomPage(sharing: try page.descriptor.descriptor.duplicate())
        page.room = 17
        #expect(other.room == 17 && other.take(5, in: 7).together == 5 && page.take(1, in: 8).together == 6)
        page.clear(7)
        #expect(other.together == 1)
        // What nobody uses is not looked at.
        page.span = 8
        #expect(other.together == 0 && other.take(2, in: 8).together == 3)
        let pipe = try LinuxSystem.Pipe()
        #expect(throws: SystemCallError.self) { try RoomPage(sharing: try pipe.read.descriptor.duplicate()) }
    }
}
