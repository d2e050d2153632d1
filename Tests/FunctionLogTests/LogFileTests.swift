// SPDX-License-Identifier: Apache-2.0
import FunctionLog
import FunctionModel
import Glibc
import Testing

@Suite struct LogFileTests {
    let instance = InstanceID("c-1")!

    @Test func everyLineComesBackAsItWas() async throws {
        try await LogFixture.with { fixture in
            let texts = ["", "plain", "\"quoted\" \\ back", "tab\t cr\r lf\n nul\0 bell\u{7} del\u{7f}", "é 😀 \u{FFFD}", "</script>"]
            for text in texts { fixture.logs.platform(text, instance: instance, function: "f", version: "7") }
            let lines = try await fixture.readUntil("</script>")
            #expect(lines.map(\.message) == texts)
            #expect(lines.allSatisfy { $0.version == "7" && $0.instance == instance && $0.stream == .platform && $0.request == nil })
            #expect(lines.allSatisfy { $0.time.count == 27 && $0.time.hasSuffix("Z") })
        }
    }

    @Test func tailGivesTheLastLinesAcrossFiles() async throws {
        try await LogFixture.with(rotation: LogRotation(fileSize: 2000, files: 5)) { fixture in
            for number in 0..<40 { fixture.logs.platform("\(number)", instance: instance, function: "f", version: "1") }
            _ = try await fixture.readUntil("39")
            for count in [0, 1, 7, 30, 40, 1000] {
                let tail = try await fixture.read(tail: count).map(\.message)
                #expect(tail == (0..<40).suffix(count).map { "\($0)" }, "the last \(count)")
            }
        }
    }

    @Test func oldFilesAreRemovedBeyondTheBound() async throws {
        try await LogFixture.with(rotation: LogRotation(fileSize: 1000, files: 3)) { fixture in
            for number in 0..<500 { fixture.logs.platform("\(number)", instance: instance, function: "f", version: "1") }
            _ = try await fixture.readUntil("499")
            let lines = try await fixture.read().compactMap { Int($0.message) }
            #expect(lines == Array((lines.first ?? 0)..<500))
            #expect((10...40).contains(lines.count))
        }
    }

    @Test func aFollowerMissesNothingWhileFilesAreRotatedUnderIt() async throws {
        try await LogFixture.with(rotation: LogRotation(fileSize: 4000, files: 1000)) { fixture in
            let logs = fixture.logs
            let instance = instance
            async let writing: Void = onOwnThread {
                for number in 0..<5000 { logs.platform("\(number)", instance: instance, function: "f", version: "1") }
            }
            var expected = 0
            for try await line in logs.lines("f", follow: true) {
                try #require(line.message == "\(expected)")
                expected += 1
                if expected == 5000 { break }
            }
            await writing
        }
    }

    @Test func aFollowerOfAnEmptyLogIsWokenByTheFirstLine() async throws {
        try await LogFixture.with { fixture in
            let logs = fixture.logs
            let reading = Task {
                for try await line in logs.lines("f", tail: 10, follow: true) { return line.message }
                return "none"
            }
            await Task.yield()
            logs.platform("hello", instance: instance, function: "f", version: "1")
            let first = try await reading.value
            #expect(first == "hello")
        }
    }

    @Test func aCancelledFollowerEnds() async throws {
        try await LogFixture.with { fixture in
            let logs = fixture.logs
            let reading = Task { for try await _ in logs.lines("f", follow: true) {} }
            await Task.yield()
            reading.cancel()
            _ = await reading.result
        }
    }

    @Test func aDiskThatDoesNotTakeMoreCostsLinesAndSaysHowMany() async throws {
        try await LogFixture.with { fixture in
            // A folder in the place of the file: every write fails, as on a full disk.
            #expect(mkdir("\(fixture.directory)/f", 0o700) == 0 && mkdir("\(fixture.directory)/f/current.log", 0o700) == 0)
            let (log, out, err) = try fixture.instance()
            await onOwnThread { print((0..<50000).map { "line \($0)\n" }.joined().utf8, to: out) }
            _ = await withCheckedContinuation { done in log.lastOutput(bytes: 100) { done.resume(returning: $0) } }
            await fixture.logs.flush()
            #expect(rmdir("\(fixture.directory)/f/current.log") == 0)
            log.platform("room again", request: nil)
            let lines = try await fixture.readUntil("room again")
            let notice = try #require(lines.first { $0.message.contains("log lines were dropped here") })
            #expect(notice.stream == .platform && notice.message.contains("current.log"))
            log.end()
            close(out)
            close(err)
        }
    }

    @Test func aQueueThatIsFullDropsAndCountsEveryLine() async throws {
        try await LogFixture.with(queueLimit: 10_000) { fixture in
            let logs = fixture.logs
            let instance = instance
            await onOwnThread { for number in 0..<20_000 { logs.platform("\(number)", instance: instance, function: "f", version: "1") } }
            await logs.flush()
            logs.platform("last", instance: instance, function: "f", version: "1")
            let lines = try await fixture.readUntil("last")
            let notices = lines.compactMap { line in
                line.message.contains("were dropped here") ? line.message.split(separator: " ").first.flatMap { Int($0) } : nil
            }
            let kept = lines.count - notices.count - 1
            #expect(kept + notices.reduce(0, +) == 20_000)
        }
    }

    @Test func whatWasSaidBeforeTheStopIsInTheFile() async throws {
        try await LogFixture.with { fixture in
            for number in 0..<20_000 { fixture.logs.platform("\(number)", instance: instance, function: "f", version: "1") }
            try await fixture.logs.stop()
            #expect(try await fixture.read().map(\.message) == (0..<20_000).map { "\($0)" })
        }
    }

    @Test func withoutAnInstanceNoFileIsHeldOpen() async throws {
        try await LogFixture.with { fixture in
            let (log, out, err) = try fixture.instance()
            defer { for end in [out, err] { close(end) } }
            log.platform("one", request: nil)
            await fixture.logs.flush()
            #expect(try openFiles(below: fixture.directory) == 1)
            log.end()
            await fixture.logs.flush()
            #expect(try openFiles(below: fixture.directory) == 0)
            fixture.logs.platform("two", instance: instance, function: "f", version: "1")
            // The first returns with the line in the file, the second with the file closed.
            for _ in 0..<2 { await fixture.logs.flush() }
            #expect(try openFiles(below: fixture.directory) == 0)
            #expect(try await fixture.read().map(\.message) == ["one", "two"])
        }
    }

    @Test func whatTheLastInstancesOfADeletedFunctionSayGoesWithThem() async throws {
        try await LogFixture.with { fixture in
            let (log, out, err) = try fixture.instance()
            defer { for end in [out, err] { close(end) } }
            log.platform("before", request: nil)
            try await fixture.logs.remove("f")
            log.platform("after", request: nil)
            await fixture.logs.flush()
            #expect(try await fixture.read().map(\.message) == ["after"])
            log.end()
            await fixture.logs.flush()
            #expect(access("\(fixture.directory)/f", F_OK) != 0)
        }
    }

    @Test func theLogOfADeletedFunctionIsForgottenWithItsLastInstance() async throws {
        try await LogFixture.with { fixture in
            let (log, out, err) = try fixture.instance()
            defer { for end in [out, err] { close(end) } }
            log.platform("before", request: nil)
            try await fixture.logs.remove("f")
            #expect(fixture.logs.functionCount == 1)
            log.end()
            await fixture.logs.flush()
            #expect(fixture.logs.functionCount == 0)
        }
    }

    @Test func aFunctionThatTakesADeletedOnesNameKeepsItsLog() async throws {
        try await LogFixture.with { fixture in
            let old = try fixture.instance()
            try await fixture.logs.remove("f")
            let new = try fixture.instance("c-2")
            defer { for end in [old.out, old.err, new.out, new.err] { close(end) } }
            new.log.platform("new", request: nil)
            for log in [old.log, new.log] { log.end() }
            await fixture.logs.flush()
            #expect(try await fixture.read().map(\.message) == ["new"])
        }
    }

    @Test func halfALineOfAKilledHostSpoilsNoOther() async throws {
        try await LogFixture.with { fixture in
            #expect(mkdir("\(fixture.directory)/f", 0o700) == 0)
            let descriptor = open("\(fixture.directory)/f/current.log", O_WRONLY | O_CREAT, 0o600)
            print(#"{"time":"2026-01-01T00:00:00.0"#.utf8, to: descriptor)
            close(descriptor)
            fixture.logs.platform("after", instance: instance, function: "f", version: "1")
            let lines = try await fixture.readUntil("after")
            #expect(lines.map(\.message) == ["after"])
        }
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000000Z"), (1, "1970-01-01T00:00:00.000001Z"), (-1, "1969-12-31T23:59:59.999999Z"),
        (1_769_903_999_000_001, "2026-01-31T23:59:59.000001Z"), (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
    ])
    func writesTimesAsRFC3339(_ row: (microseconds: Int64, text: String)) {
        #expect(LogTime(microseconds: row.microseconds).text == row.text)
    }
}
