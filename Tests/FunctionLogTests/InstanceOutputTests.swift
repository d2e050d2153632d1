// SPDX-License-Identifier: Apache-2.0
import FunctionLog
import FunctionModel
import Glibc
import Testing

@Suite struct InstanceOutputTests {
    let request = RequestID("1-a")!
    let other = RequestID("1-b")!

    @Test func linesCarryStreamAndTheRequestWhileItIsTheOnlyOne() async throws {
        try await LogFixture.with { fixture in
            let (log, out, err) = try fixture.instance()
            print("starting\n".utf8, to: out)
            log.requestStarted(request)
            print("one\n".utf8, to: out)
            print("oops\n".utf8, to: err)
            log.tail(request, bytes: 4096) { _ in }
            _ = try await fixture.readUntil("oops")
            log.requestStarted(other)
            print("whose?\n".utf8, to: out)
            log.requestFinished(request, error: nil)
            log.requestFinished(other, error: "Function timed out")
            close(out)
            close(err)
            log.platform("gone", request: nil)
            let lines = try await fixture.readUntil("gone")
            let seen = lines.map { "\($0.stream.rawValue) \($0.request?.text ?? "-") \($0.message)" }
            #expect(
                seen == [
                    "stdout - starting", "platform 1-a FC Invoke Start RequestId: 1-a", "stdout 1-a one", "stderr 1-a oops",
                    "platform 1-b FC Invoke Start RequestId: 1-b", "stdout - whose?", "platform 1-a FC Invoke End RequestId: 1-a",
                    "platform 1-b FC Invoke End RequestId: 1-b, Error: Function timed out", "platform - gone",
                ])
            log.end()
        }
    }

    @Test func marksOfCallsBecomeLinesInTheirPlaces() async throws {
        try await LogFixture.with { fixture in
            let logs = try [fixture.instance("c-1"), fixture.instance("c-2")]
            defer { for log in logs { for end in [log.out, log.err] { close(end) } } }
            let ids = try ["1-a", #"q"u\o"#].map { try #require(RequestID($0)) }
            logs[0].log.platform("first", request: nil)
            for (log, id) in zip(logs, ids) { log.log.requestStarted(id) }
            logs[1].log.platform("between", request: nil)
            for (log, id) in zip(logs, ids) { log.log.requestFinished(id, error: nil) }
            await fixture.logs.flush()
            let lines = try await fixture.read()
            let words = ids.map { ("FC Invoke Start RequestId: \($0)", "FC Invoke End RequestId: \($0)") }
            #expect(lines.map(\.message) == ["first", words[0].0, words[1].0, "between", words[0].1, words[1].1])
            #expect(lines.map(\.instance.text) == ["c-1", "c-1", "c-2", "c-2", "c-1", "c-2"])
            #expect(lines.map(\.request) == [nil, ids[0], ids[1], nil, ids[0], ids[1]])
            #expect(lines.allSatisfy { $0.stream == .platform && $0.version == "LATEST" && $0.time.utf8.count == 27 })
        }
    }

    @Test func whatWasPrintedBeforeTheAnswerIsInTheTailOfTheRequest() async throws {
        try await LogFixture.with { fixture in
            let (log, out, err) = try fixture.instance()
            for round in 0..<200 {
                let request = try #require(RequestID("1-\(round)"))
                log.requestStarted(request)
                print("working on \(round)\n".utf8, to: out)
                log.requestFinished(request, error: nil)
                let tail = await withCheckedContinuation { done in log.tail(request, bytes: 4096) { done.resume(returning: $0) } }
                #expect(
                    tail == "FC Invoke Start RequestId: 1-\(round)\r\nworking on \(round)\r\nFC Invoke End RequestId: 1-\(round)\r\n")
            }
            close(out)
            close(err)
            log.end()
            log.platform("end", request: nil)
            _ = try await fixture.readUntil("end")
        }
    }

    @Test func theTailHasWholeLinesWithinItsBound() async throws {
        try await LogFixture.with { fixture in
            let (log, out, err) = try fixture.instance()
            log.requestStarted(request)
            print((0..<3000).map { "line \($0)\n" }.joined().utf8, to: out)
            let tail = await withCheckedContinuation { done in log.tail(request, bytes: 4096) { done.resume(returning: $0) } }
            #expect(tail.utf8.count <= 4096 && tail.utf8.count > 4096 - 12)
            #expect(tail.hasPrefix("line ") && tail.hasSuffix("line 2999\r\n"))
            log.end()
            close(out)
            close(err)
        }
    }

    @Test func theLastOutputIsKeptForTheErrorOfAnInstanceThatEnded() async throws {
        try await LogFixture.with { fixture in
            let (log, out, err) = try fixture.instance()
            print("Traceback\n  no module named x".utf8, to: err)
            close(out)
            close(err)
            log.end()
            let last = await withCheckedContinuation { done in log.lastOutput(bytes: 1000) { done.resume(returning: $0) } }
            #expect(last == "Traceback\n  no module named x")
            let short = await withCheckedContinuation { done in log.lastOutput(bytes: 8) { done.resume(returning: $0) } }
            #expect(short == "module x".suffix(8) || short == "named x".suffix(8) || short.utf8.count <= 8)
        }
    }

    @Test func theEndDoesNotWaitForAStrayProcessThatHoldsThePipe() async throws {
        try await LogFixture.with { fixture in
            let (log, out, err) = try fixture.instance()
            print("last words".utf8, to: out)
            log.end()
            log.platform("gone", request: nil)
            let lines = try await fixture.readUntil("gone")
            #expect(lines.map(\.message) == ["last words", "gone"])
            close(out)
            close(err)
        }
    }

    @Test func aLineOfTenMegabytesNeitherStallsNorGrows() async throws {
        try await LogFixture.with(rotation: LogRotation(fileSize: 64 << 20, files: 2), queueLimit: 64 << 20) { fixture in
            let (log, out, err) = try fixture.instance()
            let megabyte = [UInt8](repeating: 120, count: 1 << 20)
            await onOwnThread {
                for _ in 0..<10 { print(megabyte, to: out) }
                print("\nafter\n".utf8, to: out)
            }
            let lines = try await fixture.readUntil("after")
            #expect(lines.dropLast().reduce(0) { $0 + $1.message.utf8.count } == 10 << 20)
            #expect(lines.allSatisfy { $0.message.utf8.count <= 32 * 1024 })
            close(out)
            close(err)
            log.end()
        }
    }
}
