// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import LayerArchive
import LinuxSystem
import TarFixtures
import Testing

/// Layers keep to the room that there is for all of them, file by file.
@Suite struct RoomTests {
    private let page: RoomPage

    init() throws {
        page = try RoomPage()
        page.room = .max
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
        page.clearAll()
        #expect(page.take(0, in: 0).together == 0)
    }

    @Test func whatIsRefusedTakesNoRoomFromOthers() {
        page.room = 1000
        #expect(page.take(600, in: 0) == (true, 600))
        #expect(page.take(600, in: 1) == (false, 1200))
        #expect(page.take(.max, in: 1) == (false, .max))
        #expect(page.take(400, in: 2) == (true, 1000))
        page.clear(1)
        #expect(page.take(0, in: 0).together == 1000)
        page.clear(0)
        #expect(page.take(0, in: 0).together == 400)
    }

    @Test func manyAtOnceTakeNoMoreThanThereIs() async {
        page.room = 100_000
        let taken = await withTaskGroup(of: Int.self) { group in
            for number in 0..<4 {
                group.addTask { [page] in (0..<100_000).count { _ in page.take(1, in: number).fits } }
            }
            return await group.reduce(0, +)
        }
        #expect(taken == 100_000 && page.take(0, in: 0).together == 100_000)
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
        #expect(other.take(0, in: 0).together == 1)
        let pipe = try Pipe()
        #expect(throws: SystemCallError.self) { try RoomPage(sharing: try pipe.read.descriptor.duplicate()) }
    }
}
