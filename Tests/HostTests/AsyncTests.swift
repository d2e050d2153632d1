// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Testing

extension HostTests {
    /// Asynchronous invocations through a whole host, by a function that does what its event asks for; see Programs/moody.c.
    @Suite struct AsyncTests {
        private func withMoody(_ body: (RunningHost) async throws -> Void) async throws {
            try await RunningHost.with { host in
                try await Self.makeMoody(host)
                try await body(host)
            }
        }

        private static func makeMoody(_ host: RunningHost) async throws {
            try await host.must("image", "load", try await SampleImages.shared.moody(), "--name", "moody:1")
            try await host.must("function", "create", "moody", "--image", "moody:1", "--concurrency", "8")
            try await host.must("async-config", "put", "moody", "--retries", "2", "--first-delay", "0.05")
        }

        @Test("an accepted call runs, is tried again where it failed, and is kept where it failed for good") func runs() async throws {
            try await withMoody { host in
                for number in 0..<5 { try await host.must("invoke", "moody", "--async", "--data", "hello \(number)") }
                let once = try await host.must("invoke", "moody", "--async", "--task-id", "once-1", "--data", "once").trimmed
                #expect(once == "once-1")
                let fails = try await host.must("invoke", "moody", "--async", "--data", "fail, please").trimmed
                try await host.settled("moody")
                let counts = try await host.counts("moody")
                #expect((counts["accepted"], counts["done"], counts["dead"], counts["retries"]) == (7, 6, 1, 3))

                let task = try await host.must("task", "get", "moody", "once-1")
                #expect(task.contains("Succeeded") && task.contains("Retrying") && task.contains("it went wrong"), "\(task)")
                let again = try await host.swiftlet("invoke", "moody", "--async", "--task-id", "once-1")
                #expect(again.status == 1 && again.err.contains("StatefulAsyncInvocationAlreadyExists"), "\(again.err)")

                let list = try await host.must("dlq", "list")
                #expect(list.contains(fails) && list.contains("Failed"), "\(list)")
                let letter = try await host.must("dlq", "show", "moody", fails)
                #expect(letter.contains("Attempt 3") && letter.contains("fail, please") && letter.contains("it went wrong"), "\(letter)")
                #expect(try await host.must("dlq", "redrive", "moody", "--error", "went wrong").trimmed == "1")
                try await host.settled("moody")
                let second = try await host.must("dlq", "show", "moody", fails)
                #expect(second.contains("Attempt 4") && second.contains("Redriven") && second.contains("Attempt 7"), "\(second)")
                #expect(try await host.must("dlq", "purge", "moody", "--task", fails).trimmed == "1")
                #expect(try await host.counts("moody")["purged"] == 1)
            }
        }

        @Test("what is not accepted is told so: unknown functions, events that are too long, wrong words") func refuses() async throws {
            try await withMoody { host in
                let unknown = try await host.swiftlet("invoke", "nobody", "--async")
                #expect(unknown.status == 1 && unknown.err.contains("FunctionNotFound"), "\(unknown.err)")
                let long = try await host.swiftlet(
                    "invoke", "moody", "--async", "--data", "@-", input: String(repeating: "x", count: 131_073))
                #expect(long.status == 1 && long.err.contains("EntityTooLarge") && long.err.contains("131072"), "\(long.err)")
                let delay = try await host.swiftlet("invoke", "moody", "--async", "--delay", "3601")
                #expect(delay.status == 1 && delay.err.contains("3600"), "\(delay.err)")
                #expect(try await host.counts("moody")["accepted"] == nil)
                let whole = try await host.swiftlet(
                    "invoke", "moody", "--async", "--data", "@-", input: String(repeating: "x", count: 131_072))
                #expect(whole.status == 0, "\(whole.err)")
            }
        }

        @Test("the largest payload is the one that the host was started with") func limitsPayloads() async throws {
            try await RunningHost.with(["--async-payload", "1KiB"]) { host in
                try await Self.makeMoody(host)
                let long = try await host.swiftlet("invoke", "moody", "--async", "--data", String(repeating: "x", count: 1025))
                #expect(long.status == 1 && long.err.contains("EntityTooLarge") && long.err.contains("1024"), "\(long.err)")
                try await host.must("invoke", "moody", "--async", "--data", String(repeating: "x", count: 1024))
            }
        }

        @Test("an HTTP call is replayed later, with its path, its fields and its body") func replays() async throws {
            try await withMoody { host in
                try await host.must("image", "load", try await SampleImages.shared.hello(), "--name", "hello:1")
                try await host.must("function", "create", "hello", "--image", "hello:1")
                let answer = try await host.curl(
                    "-i", "-X", "PUT", "-H", "X-Fc-Invocation-Type: Async", "-H", "X-Fc-Async-Task-Id: http-1", "--data", "body",
                    "\(host.url)/http/hello/a/path?b=c")
                #expect(
                    answer.out.hasPrefix("HTTP/1.1 202") && answer.out.lowercased().contains("x-fc-async-task-id: http-1"), "\(answer.out)")
                try await host.settled("hello")
                let task = try await host.must("task", "get", "hello", "http-1")
                #expect(task.contains("Succeeded") && task.contains("PUT /a/path?b=c"), "\(task)")
                let later = try await host.curl(
                    "-i", "-H", "X-Fc-Invocation-Type: Async", "-H", "X-Fc-Async-Task-Id: http-2", "--data", "later",
                    "\(host.url)/http/moody/x")
                #expect(later.out.hasPrefix("HTTP/1.1 202"), "\(later.out)")
                try await host.settled("moody")
                let record = try await host.must("task", "get", "moody", "http-2")
                #expect(record.contains("HTTP503") && record.contains("Succeeded"), "\(record)")
            }
        }

        @Test("a running invocation is cut off when it is stopped, a waiting one never runs") func stops() async throws {
            try await withMoody { host in
                let running = try await host.must("invoke", "moody", "--async", "--data", "sleep").trimmed
                let waiting = try await host.must("invoke", "moody", "--async", "--delay", "3000", "--data", "x").trimmed
                try await host.wait("it runs") { try await host.must("task", "list", "moody", "--status", "Running").contains(running) }
                try await host.must("task", "stop", "moody", running, waiting)
                try await host.settled("moody")
                let counts = try await host.counts("moody")
                #expect((counts["done"], counts["dead"]) == (2, 0))
                #expect(try await host.must("task", "list", "moody", "--status", "Stopped").split(separator: "\n").count == 3)
            }
        }

        @Test("a program that dies in an invocation costs that invocation an attempt, and others nothing") func survivesCrashes()
            async throws
        {
            try await withMoody { host in
                let dies = try await host.must("invoke", "moody", "--async", "--data", "die").trimmed
                try await host.settled("moody")
                let letter = try await host.must("dlq", "show", "moody", dies)
                #expect(letter.contains("exited unexpectedly") && letter.contains("Attempt 3"), "\(letter)")
            }
        }

        @Test("a function that hangs holds its own places and no one else's") func isFair() async throws {
            try await withMoody { host in
                try await host.must("function", "update", "moody", "--timeout", "2")
                for _ in 0..<40 { try await host.must("invoke", "moody", "--async", "--data", "sleep") }
                try await host.must("function", "create", "healthy", "--image", "moody:1")
                for _ in 0..<20 { try await host.must("invoke", "healthy", "--async", "--data", "x") }
                try await host.settled("healthy")
                #expect(try await host.counts("healthy")["done"] == 20)
                let counts = try await host.counts("moody")
                #expect(counts["done"] == 0 && (counts["running"] ?? 0) <= 16)
            }
        }

        @Test("destinations hear of every end, and a function that is its own destination ends somewhere") func tellsDestinations()
            async throws
        {
            try await withMoody { host in
                try await host.must("image", "load", try await SampleImages.shared.hello(), "--name", "hello:1")
                try await host.must("function", "create", "told", "--image", "hello:1")
                try await host.must(
                    "async-config", "put", "moody", "--retries", "0", "--remember", "--on-success", "told", "--on-failure",
                    "\(host.url)/http/told/failed")
                let good = try await host.must("invoke", "moody", "--async", "--data", "good").trimmed
                let bad = try await host.must("invoke", "moody", "--async", "--data", "fail").trimmed
                try await host.settled("told")
                try await host.wait("the delivery is noted") {
                    try await host.must("task", "get", "moody", bad, "--json").contains("\"destinationStatus\":\"Succeeded\"")
                }
                #expect(try await host.must("task", "get", "moody", good, "--json").contains("\"destinationStatus\":\"Succeeded\""))
                #expect(try await host.counts("told")["done"] == 1)
                try await host.must("async-config", "put", "told", "--on-success", "told")
                try await host.must("invoke", "told", "--async", "--data", "round and round")
                try await host.settled("told")
                #expect(try await host.counts("told")["accepted"] == 10)
            }
        }

        @Test("kill -9 of daemon and launcher at any moment loses nothing that was accepted") func survivesKills() async throws {
            let state = "/tmp/swiftlet-host-\(UInt32.random(in: 0...UInt32.max))"
            var host = try await RunningHost.start(state)
            try await Self.makeMoody(host)
            var accepted = 0
            for round in 0..<4 {
                let running = host
                async let sent = running.enqueue(200, "moody")
                try await Task.sleep(for: .milliseconds(UInt64.random(in: 30...600)))
                if round % 2 == 0 { await host.end(SIGKILL) } else if let daemon = host.daemon { kill(daemon, SIGKILL) }
                accepted += await sent
                if host.status == nil { await host.stop() }
                host = try await RunningHost.start(state)
            }
            try await host.settled("moody")
            let counts = try await host.counts("moody")
            // A call may be accepted whose 202 the kill took away; none may be missing.
            #expect((counts["accepted"] ?? 0) >= accepted && accepted > 0)
            #expect(counts["done"] == counts["accepted"])
            await host.stop()
            await Leftovers.expectNone(of: state)
            try FileManager.default.removeItem(atPath: state)
        }
    }
}

extension RunningHost {
    /// The counts of a function's queue, as the host tells them; they must add up.
    func counts(_ function: String) async throws -> [String: Int] {
        let text = try await curl("\(url)/swiftlet/v1/queue").out
        guard let answer = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any],
            let queues = answer["queues"] as? [[String: Any]]
        else { throw HostFailure("the queue's counts are no JSON: \(text)") }
        guard let counts = queues.first(where: { $0["function"] as? String == function }) else { return [:] }
        let numbers = counts.compactMapValues { $0 as? Int }
        let sum = ["waiting", "running", "done", "dead", "purged"].reduce(0) { $0 + (numbers[$1] ?? 0) }
        #expect(numbers["accepted"] == sum, "\(numbers)")
        return numbers
    }

    /// Waits until nothing of a function waits or runs.
    func settled(_ function: String) async throws {
        try await wait("the queue of \(function) is empty") {
            let counts = try await counts(function)
            return (counts["accepted"] ?? 0) > 0 && counts["waiting"] == 0 && counts["running"] == 0
        }
    }

    /// Sends asynchronous events one after the other on one connection, until all are sent or the host is gone.
    ///
    /// - Returns: how many were answered 202.
    func enqueue(_ count: Int, _ function: String) async -> Int {
        let urls = (0..<count).map { _ in "\(url)/2023-03-30/functions/\(function)/invocations" }
        do {
            let result = try await curl(
                ["-o", "/dev/null", "-w", "%{http_code}\n", "-H", "x-fc-invocation-type: Async", "--data", "x"] + urls)
            return result.out.split(separator: "\n").filter { $0 == "202" }.count
        } catch {
            Issue.record(error)
            return 0
        }
    }

    private func curl(_ arguments: [String]) async throws -> ProgramResult {
        try await run("/usr/bin/curl", ["-sS", "--noproxy", "*", "--max-time", "120"] + arguments)
    }
}

extension String {
    var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
