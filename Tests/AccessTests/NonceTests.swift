// SPDX-License-Identifier: Apache-2.0
import Access
import Foundation
import Synchronization
import TarFixtures
import Testing

/// Lets an expectation change what it looks at.
private final class Window {
    private var nonces: NonceWindow

    init(_ nonces: NonceWindow = NonceWindow()) { self.nonces = nonces }

    func take(_ mark: NonceMark, now: Int64) -> NonceWindow.Verdict { nonces.take(mark, now: now) }
}

@Suite struct NonceTests {
    private static let now: Int64 = 1_790_000_000

    private func mark(_ number: UInt64, at date: Int64 = now) -> NonceMark { NonceMark(date: date, high: number, low: ~number) }

    private func open(_ scratch: Scratch, boot: String = "a", now: Int64 = now) throws -> (log: NonceLog, memory: NonceLog.Memory) {
        try NonceLog.open(data: scratch.path, boot: boot, now: now) { Issue.record("\($0)") }
    }

    @Test func aNonceIsTakenOnceAndForgottenWithItsDate() {
        let window = Window()
        #expect(window.take(mark(1), now: Self.now) == .new)
        #expect(window.take(mark(1), now: Self.now) == .used)
        #expect(window.take(mark(1, at: Self.now + 1), now: Self.now) == .new, "another date is another request")
        #expect(window.take(mark(1), now: Self.now + NonceWindow.skew) == .used)
        #expect(window.take(mark(1), now: Self.now + NonceWindow.skew + 1) == .new, "its date alone refuses it by then")
    }

    @Test func aFullWindowRefusesRatherThanForgets() {
        let window = Window(NonceWindow(limit: 2))
        #expect(window.take(mark(1), now: Self.now) == .new && window.take(mark(2), now: Self.now) == .new)
        #expect(window.take(mark(3), now: Self.now) == .full && window.take(mark(1), now: Self.now) == .used)
    }

    @Test func aDigestIsAMarkOfItsFirstSixteenBytes() {
        let mark = NonceMark(date: 7, digest: Array(0..<32))
        #expect(mark == NonceMark(date: 7, high: 0x0001_0203_0405_0607, low: 0x0809_0A0B_0C0D_0E0F))
    }

    @Test func whatWasTakenIsKnownAfterARestart() throws {
        let scratch = try Scratch()
        do {
            let (log, memory) = try open(scratch)
            #expect(memory.marks.isEmpty && memory.floor == nil)
            for number: UInt64 in 1...3 { log.append(mark(number, at: Self.now + Int64(number) * 600), now: Self.now) }
        }
        let (_, memory) = try open(scratch)
        #expect(Set(memory.marks) == Set((1...3).map { mark($0, at: Self.now + Int64($0) * 600) }) && memory.floor == nil)
        let window = Window(NonceWindow(memory: memory))
        #expect(window.take(mark(1, at: Self.now + 600), now: Self.now) == .used)
        #expect(window.take(mark(1, at: Self.now - 600), now: Self.now) == .new)
    }

    @Test func aCutOffMarkIsNoneAndTheOthersAreKnown() throws {
        let scratch = try Scratch()
        try open(scratch).log.append(mark(1), now: Self.now)
        let file = scratch.path + "/nonces/a/\(Self.now / 900)"
        let whole = try Data(contentsOf: URL(fileURLWithPath: file))
        #expect(whole.count == 24)
        try (whole + whole.prefix(23)).write(to: URL(fileURLWithPath: file))
        let (log, memory) = try open(scratch)
        #expect(memory.marks == [mark(1)])
        log.append(mark(2), now: Self.now)
        #expect(try open(scratch).memory.marks == [mark(1), mark(2)], "what comes behind it is read too")
    }

    @Test func afterAStartOfTheMachineWhatIsOlderIsRefused() throws {
        let scratch = try Scratch()
        try open(scratch).log.append(mark(1), now: Self.now)
        try open(scratch).log.append(mark(2, at: Self.now + 600), now: Self.now)
        let (_, memory) = try open(scratch, boot: "b", now: Self.now + 60)
        #expect(memory.floor == Self.now + 60)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/nonces") == ["b"])
        let window = Window(NonceWindow(memory: memory))
        #expect(window.take(mark(3), now: Self.now + 60) == .unknown)
        #expect(window.take(mark(2, at: Self.now + 600), now: Self.now + 60) == .used, "what is known stays known")
        #expect(window.take(mark(1, at: Self.now + 60), now: Self.now + 60) == .new)
        #expect(try open(scratch, boot: "b", now: Self.now + 120).memory.floor == Self.now + 60, "also for the next one that starts")
        #expect(Set(try open(scratch, boot: "b", now: Self.now + 120).memory.marks) == [mark(1), mark(2, at: Self.now + 600)])
    }

    @Test func aDataDirectoryFromElsewhereIsAsAfterAStartOfTheMachine() throws {
        let scratch = try Scratch()
        #expect(try open(scratch).memory.floor == nil)
        let other = try Scratch()
        try NonceLog.disown(data: other.path)
        #expect(try open(other).memory.floor == Self.now)
    }

    @Test func aStartThatWasCutOffIsMadeUpForByTheNext() throws {
        let scratch = try Scratch()
        try open(scratch).log.append(mark(1), now: Self.now)
        try FileManager.default.createDirectory(atPath: scratch.path + "/nonces/new", withIntermediateDirectories: false)
        let (_, memory) = try open(scratch, boot: "b")
        #expect(memory.floor == Self.now && memory.marks == [mark(1)])
    }

    @Test func filesGoWhenNoDateInThemCanBeTaken() throws {
        let scratch = try Scratch()
        func files() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/nonces/a").sorted() }
        let (log, _) = try open(scratch)
        log.append(mark(1), now: Self.now)
        let slot = Self.now / 900
        log.append(mark(1, at: Self.now + 900), now: Self.now + 900)
        #expect(try files() == [String(slot), String(slot + 1)])
        log.append(mark(1, at: Self.now + 1800), now: Self.now + 1800)
        #expect(try files() == [String(slot + 1), String(slot + 2)])
        #expect(try open(scratch, now: Self.now + 9 * 900).memory.marks.isEmpty)
        #expect(try files().isEmpty)
    }

    @Test func aFailedWriteIsReportedOnce() throws {
        let scratch = try Scratch()
        let reports = Mutex(0)
        let (log, _) = try NonceLog.open(data: scratch.path, boot: "a", now: Self.now) { _ in reports.withLock { $0 += 1 } }
        try FileManager.default.removeItem(atPath: scratch.path + "/nonces")
        for number: UInt64 in 1...3 { log.append(mark(number), now: Self.now) }
        #expect(reports.withLock { $0 } == 1)
    }
}
