// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionLog
import FunctionModel
import Glibc
import Testing

/// Begin and end of a call lie in the file in a short form, and come out as the lines that they stand for.
@Suite struct CallMarkTests {
    static let words = ["FC Invoke Start RequestId: ", "FC Invoke End RequestId: "]

    private func ids(_ count: Int) throws -> [RequestID] {
        try (0..<count).map { number in
            let digits = String(number)
            let usual = "1-6745f0a2-1b2c3d4e-" + String(repeating: "0", count: 12 - digits.count) + digits
            // A caller may choose another, from one to 128 bytes long.
            let own = ["x", "own/\"id\"\\\(number)", String(repeating: "~", count: 128)]
            return try #require(RequestID(number % 7 == 0 ? own[number / 7 % 3] : usual))
        }
    }

    /// Calls in turns on the instances.
    private func call(_ logs: [any InstanceLog], _ ids: [RequestID]) {
        for (number, id) in ids.enumerated() {
            let log = logs[number % logs.count]
            log.requestStarted(id, trace: nil)
            log.requestFinished(id, error: nil)
        }
    }

    private func expected(_ ids: [RequestID]) -> [String] { ids.flatMap { id in Self.words.map { $0 + id.text } } }

    @Test(arguments: [10 << 20, 3000])
    func theyComeBackAsLinesOfTheirInstances(_ fileSize: Int) async throws {
        try await LogFixture.with(rotation: LogRotation(fileSize: fileSize, files: 1000)) { fixture in
            let instances = [try fixture.instance("c-1"), try fixture.instance("c-2")]
            defer { for end in instances.flatMap({ [$0.out, $0.err] }) { close(end) } }
            let ids = try ids(200)
            call(instances.map(\.log), ids)
            await fixture.logs.flush()
            let lines = try await fixture.read()
            #expect(lines.map(\.message) == expected(ids))
            #expect(lines.map(\.request) == ids.flatMap { [$0, $0] })
            #expect(lines.map(\.instance.text) == (0..<400).map { $0 / 2 % 2 == 0 ? "c-1" : "c-2" })
            #expect(lines.allSatisfy { $0.stream == .platform && $0.version == "LATEST" && $0.time.count == 27 && $0.time.hasPrefix("20") })
            for (before, after) in zip(lines, lines.dropFirst()) { #expect(before.time <= after.time) }
            for count in [0, 1, 2, 3, 57, 399, 400, 1000] {
                #expect(try await fixture.read(tail: count) == Array(lines.suffix(count)), "the last \(count)")
            }
            for instance in instances { instance.log.end() }
        }
    }

    @Test func idsAndTimesOfAnyDigitsComeBack() async throws {
        try await LogFixture.with { fixture in
            let (log, out, err) = try fixture.instance()
            defer { for end in [out, err] { close(end) } }
            var random = SystemRandomNumberGenerator()
            let digits =
                [(0, 0), (.max, .max), (0xaaaa_aaaa_aaaa_aaaa, 0xaaaa_aaaa_aaaa), (0x5555_5555_5555_5555, 0x5555_5555_5555)]
                + (0..<500).map { _ in (random.next(), random.next()) }
            let ids = digits.map { RequestID(RequestID.Digits(first: $0.0, last: $0.1)) }
            let begun = LogTime.now().text
            call([log], ids)
            let ended = LogTime.now().text
            await fixture.logs.flush()
            let lines = try await fixture.read()
            #expect(lines.map(\.message) == expected(ids) && lines.map(\.request) == ids.flatMap { [$0, $0] })
            #expect(lines.allSatisfy { begun <= $0.time && $0.time <= ended })
            var status = stat()
            #expect(stat("\(fixture.directory)/f/current.log", &status) == 0)
            #expect(status.st_size < lines.count * 32 + 300, "\(status.st_size) bytes of \(lines.count) marks")
            log.end()
        }
    }

    @Test func theyComeToTheFileByThemselves() async throws {
        try await LogFixture.with { fixture in
            let (log, out, err) = try fixture.instance()
            defer { for end in [out, err] { close(end) } }
            call([log], Array(try ids(3).dropFirst()))
            var status = stat()
            for _ in 0..<2000 where stat("\(fixture.directory)/f/current.log", &status) != 0 || status.st_size == 0 {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(status.st_size > 0)
            log.end()
        }
    }

    /// A host that goes on with the file of another counts its instances from the beginning again.
    @Test func anotherHostsInstancesAreNotTakenForThoseBefore() async throws {
        try await LogFixture.with { fixture in
            let ids = try ids(20)
            for (name, part) in [("c-1", ids[..<10]), ("c-2", ids[10...])] {
                let (log, out, err) = try fixture.instance(name)
                defer { for end in [out, err] { close(end) } }
                call([log], Array(part))
                log.end()
                await fixture.logs.flush()
                if name == "c-1" {
                    #expect(rename("\(fixture.directory)/f", "\(fixture.directory)/kept") == 0)
                    try await fixture.logs.remove("f")
                    #expect(rename("\(fixture.directory)/kept", "\(fixture.directory)/f") == 0)
                }
            }
            let file = try #require(FileManager.default.contents(atPath: "\(fixture.directory)/f/current.log"))
            #expect(file.split(separator: 10).count { $0.starts(with: "F1{".utf8) } == 2, "they have other numbers")
            let lines = try await fixture.read()
            #expect(lines.map(\.message) == expected(ids))
            #expect(lines.map(\.instance.text) == (0..<40).map { $0 < 20 ? "c-1" : "c-2" })
            #expect(try await fixture.read(tail: 25) == Array(lines.suffix(25)))
        }
    }

    @Test func aFileThatWasEmptiedGoesOnWithAllThatItsMarksNeed() async throws {
        try await LogFixture.with { fixture in
            let (log, out, err) = try fixture.instance()
            defer { for end in [out, err] { close(end) } }
            let ids = try ids(20)
            call([log], Array(ids[..<10]))
            await fixture.logs.flush()
            #expect(truncate("\(fixture.directory)/f/current.log", 0) == 0)
            call([log], Array(ids[10...]))
            await fixture.logs.flush()
            #expect(try await fixture.read().map(\.message) == expected(Array(ids[10...])))
            log.end()
        }
    }

    /// A folder in the place of the file: every write fails, as on a full disk.
    @Test func aFileThatIsOpenedAnewGetsWhatItsMarksNeed() async throws {
        try await LogFixture.with { fixture in
            let (log, out, err) = try fixture.instance()
            defer { for end in [out, err] { close(end) } }
            let path = "\(fixture.directory)/f/current.log"
            #expect(mkdir("\(fixture.directory)/f", 0o700) == 0 && mkdir(path, 0o700) == 0)
            let ids = try ids(20)
            call([log], Array(ids[..<10]))
            await fixture.logs.flush()
            #expect(rmdir(path) == 0)
            call([log], Array(ids[10...]))
            await fixture.logs.flush()
            let lines = try await fixture.read()
            #expect(lines.dropFirst().map(\.message) == expected(Array(ids[10...])))
            #expect(lines.first?.message.hasPrefix("20 log lines were dropped here") ?? false)
            log.end()
        }
    }

    @Test func aFollowerReadsThemFromOneFileToTheNext() async throws {
        try await LogFixture.with(rotation: LogRotation(fileSize: 2000, files: 1000)) { fixture in
            let (log, out, err) = try fixture.instance()
            defer { for end in [out, err] { close(end) } }
            let ids = try ids(300)
            async let following = fixture.readUntil(expected(ids).last ?? "")
            for start in stride(from: 0, to: 300, by: 50) {
                call([log], Array(ids[start..<start + 50]))
                await fixture.logs.flush()
            }
            let lines = try await following
            #expect(lines.map(\.message) == expected(ids) && lines.allSatisfy { $0.instance.text == "c-1" })
            log.end()
        }
    }

    @Test(arguments: [1, 10, 20, 29, 30])
    func halfAMarkOfAKilledHostSpoilsNoOther(_ kept: Int) async throws {
        try await LogFixture.with { fixture in
            let (log, out, err) = try fixture.instance()
            defer { for end in [out, err] { close(end) } }
            let ids = try ids(5)
            call([log], ids)
            log.end()
            // The first returns with the line in the file, the second with the file closed.
            for _ in 0..<2 { await fixture.logs.flush() }
            let path = "\(fixture.directory)/f/current.log"
            var status = stat()
            #expect(stat(path, &status) == 0)
            // A mark has 32 bytes with its line feed where its frame has one digit.
            #expect(truncate(path, status.st_size - 32 + kept) == 0)
            let next = try fixture.instance("c-2")
            defer { for end in [next.out, next.err] { close(end) } }
            next.log.platform("after", request: nil)
            next.log.end()
            await fixture.logs.flush()
            #expect(try await fixture.read().map(\.message) == expected(ids).dropLast() + ["after"])
        }
    }
}
