// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Sandbox
import Testing

@Suite struct ReadAheadProgramsTests {
    let layers = [Digest(hex: String(repeating: "0a", count: 32))!]

    func key(_ number: Int) -> String { String(repeating: "0", count: 60) + String(String(0x1000 + number, radix: 16).suffix(4)) }

    /// One that is known, with all lists told.
    func known(_ keys: Int...) -> ReadAheadPrograms {
        var programs = ReadAheadPrograms()
        for number in keys { programs.know(key(number), memory: 1, layers: layers) }
        programs.take(.loaded)
        return programs
    }

    @Test func aProgramIsRecordedOnceAndOnlyWhenAllListsAreKnown() {
        var programs = ReadAheadPrograms()
        programs.know(key(1), memory: 1, layers: layers)
        #expect(programs.number(of: key(1), memory: 1) == 1 && programs.number(of: key(1), memory: 2) == nil)
        #expect(!programs.use(1, isParked: false).records)
        programs.take(.loaded)
        #expect(programs.use(1, isParked: false).records && programs.use(1, isParked: false).reads)
        #expect(programs.canBegin(1))
        programs.beginTry(1)
        #expect(!programs.canBegin(1) && !programs.use(1, isParked: false).records)
        programs.take(.list(key: key(1), isHeavy: false))
        #expect(!programs.use(1, isParked: false).records && !programs.use(1, isParked: false).reads)
    }

    @Test func aParkedInstanceIsNotRecorded() { #expect(!known(1).use(1, isParked: true).records && known(1).use(1, isParked: true).reads) }

    @Test func aListThatIsGoneIsMadeAnew() {
        var programs = known(1)
        for _ in 0..<2 * ReadAheadPrograms.mostTries {
            #expect(programs.use(1, isParked: false).records)
            programs.beginTry(1)
            programs.take(.list(key: key(1), isHeavy: true))
            #expect(!programs.use(1, isParked: false).records)
            programs.take(.gone(key: key(1)))
        }
        #expect(programs.use(1, isParked: false).records)
    }

    @Test func aProgramThatFailsIsTriedThreeTimes() {
        var programs = known(1)
        for _ in 0..<ReadAheadPrograms.mostTries {
            #expect(programs.use(1, isParked: false).records)
            programs.beginTry(1)
            programs.take(.failed(number: 1))
        }
        #expect(!programs.use(1, isParked: false).records)
    }

    @Test func whereThereIsNoPlaceForARecordingNothingWasTried() {
        var programs = known(1)
        for _ in 0..<2 * ReadAheadPrograms.mostTries {
            programs.beginTry(1)
            #expect(!programs.use(1, isParked: false).records)
            programs.take(.noPlace(number: 1))
            #expect(programs.use(1, isParked: false).records && programs.canBegin(1))
        }
    }

    @Test func noMoreListsAreNotedThanThereCanBe() {
        var programs = known(1)
        for number in 2..<2 + ReadAheadBounds.lists { programs.take(.list(key: key(number), isHeavy: true)) }
        programs.take(.list(key: key(1), isHeavy: false))
        #expect(programs.use(1, isParked: false).reads)
        programs.take(.gone(key: key(2)))
        programs.take(.list(key: key(1), isHeavy: false))
        #expect(!programs.use(1, isParked: false).reads)
    }

    @Test func whatGoesWithALayerAndWhatMakesRoom() {
        var programs = known(1, 2)
        var ended = programs.makeRoom()
        #expect(ended == [])
        programs.beginTry(2)
        for number in 3...ReadAheadPrograms.most { programs.know(key(number), memory: 1, layers: []) }
        ended = programs.makeRoom()
        #expect(ended == [2] && programs.number(of: key(1), memory: 1) == nil)
        ended = programs.makeRoom()
        #expect(ended == [])
        programs.know(key(1), memory: 1, layers: layers)
        let number = programs.number(of: key(1), memory: 1)
        #expect(number == UInt32(ReadAheadPrograms.most) + 1)
        programs.forget(layers[0])
        #expect(programs.number(of: key(1), memory: 1) == nil)
    }

    @Test func whatEndsAgainAndAgainIsStartedEverMoreSlowly() {
        var pace = RestartPace()
        var pauses = (0..<4).map { _ in pace.pause(afterLifetime: 0) }
        #expect(pauses == [250, 500, 1000, 2000])
        for _ in 0..<100 { _ = pace.pause(afterLifetime: RestartPace.settled - 1) }
        pauses = [0, RestartPace.settled, 0].map { pace.pause(afterLifetime: $0) }
        #expect(pauses == [RestartPace.longest, 250, 500])
    }
}
