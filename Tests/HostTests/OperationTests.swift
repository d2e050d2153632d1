// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Testing

extension HostTests {
    /// What an operator does with a whole host.
    @Suite struct OperationTests {
        @Test("a backup of a running host, restored elsewhere, answers as the first one did") func backsUpAndRestores() async throws {
            let archive = "/tmp/swiftlet-backup-\(UInt32.random(in: 0...UInt32.max)).tar.gz"
            let restored = "/tmp/swiftlet-restored-\(UInt32.random(in: 0...UInt32.max))"
            defer { unlink(archive) }
            try await RunningHost.with { host in
                try await host.must("image", "load", try await SampleImages.shared.hello(), "--name", "hello:1")
                try await host.must("function", "create", "kept", "--image", "hello:1", "--health-path", "/healthz", "--env", "A=1")
                try await host.must("version", "publish", "kept")
                try await host.must("alias", "create", "kept", "prod", "--version", "1")
                try await host.must("invoke", "kept")
                try await host.must("backup", "--state-dir", host.state, "--output", archive)
                // What comes after it is not in it, and the host goes on.
                try await host.must("function", "create", "later", "--image", "hello:1")
                let left = try FileManager.default.contentsOfDirectory(atPath: host.state).filter { $0 == "backup" }
                #expect(left.isEmpty)
            }
            var status = stat()
            #expect(stat(archive, &status) == 0 && status.st_mode & 0o777 == 0o600)

            let made = try await run(Checkout.swiftlet, ["restore", archive, "--state-dir", restored])
            #expect(made.status == 0, "\(made.err)")
            let refused = try await run(Checkout.swiftlet, ["restore", archive, "--state-dir", restored])
            #expect(refused.status == 1 && refused.err.contains("not empty"), "\(refused.err)")
            try await RunningHost.with(on: restored) { host in
                #expect(try await host.must("invoke", "kept", "--qualifier", "prod", "--data", "again") == "hello again")
                let functions = try await host.must("function", "list")
                #expect(functions.contains("kept") && !functions.contains("later"))
            }
        }

        @Test("a restored host works off what was accepted, keeps dead letters, and has the layers that it had") func restoresTheQueue()
            async throws
        {
            let archive = "/tmp/swiftlet-backup-\(UInt32.random(in: 0...UInt32.max)).tar"
            let restored = "/tmp/swiftlet-restored-\(UInt32.random(in: 0...UInt32.max))"
            let waiting = (1...4).map { "waits-\($0)" }
            defer { unlink(archive) }
            var (dead, before) = ("", [String: Int]())
            try await RunningHost.with { host in
                let folder = "\(host.state)-colours"
                defer { try? FileManager.default.removeItem(atPath: folder) }
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
                try Data("blue\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/sky"))
                try await host.must("layer", "publish", "colours", folder)
                try await host.must("image", "load", try await SampleImages.shared.fileServer(), "--name", "files:1")
                try await host.must("function", "create", "files", "--image", "files:1", "--layer", "colours:1")
                try await host.must("image", "load", try await SampleImages.shared.moody(), "--name", "moody:1")
                try await host.must("function", "create", "moody", "--image", "moody:1", "--concurrency", "8")
                try await host.must("async-config", "put", "moody", "--retries", "1", "--first-delay", "0.05")
                dead = try await host.must("invoke", "moody", "--async", "--data", "fail, please").trimmed
                try await host.settled("moody")
                try await host.must("invoke", "moody", "--async", "--task-id", "runs", "--data", "sleep")
                try await host.wait("it runs") { try await host.must("task", "list", "moody", "--status", "Running").contains("runs") }
                // What comes now is accepted, and waits.
                try await host.must("concurrency", "set", "moody", "0")
                for task in waiting { try await host.must("invoke", "moody", "--async", "--task-id", task, "--data", "hello \(task)") }
                before = try await host.counts("moody")
                try await host.must("backup", "--state-dir", host.state, "--output", archive)
                try await host.must("task", "stop", "moody", "runs")
            }

            let made = try await run(Checkout.swiftlet, ["restore", archive, "--state-dir", restored])
            #expect(made.status == 0, "\(made.err)")
            try await RunningHost.with(on: restored) { host in
                var counts = try await host.counts("moody")
                // What ran at the moment of the backup waits again: it ran at least once.
                #expect((counts["accepted"], counts["dead"], counts["done"]) == (6, 1, 0), "\(counts), before \(before)")
                try await host.must("concurrency", "delete", "moody")
                try await host.wait("it runs again") {
                    try await host.must("task", "list", "moody", "--status", "Running").contains("runs")
                }
                try await host.must("task", "stop", "moody", "runs")
                try await host.settled("moody")
                for task in waiting { #expect(try await host.must("task", "get", "moody", task).contains("hello \(task)")) }
                let succeeded = try await host.must("task", "list", "moody", "--status", "Succeeded")
                #expect(succeeded.split(separator: "\n").count == waiting.count + 1)
                #expect(try await host.must("dlq", "show", "moody", dead).contains("fail, please"))
                #expect(try await host.must("dlq", "redrive", "moody", "--task", dead).trimmed == "1")
                try await host.settled("moody")
                #expect(try await host.must("dlq", "show", "moody", dead).contains("Attempt 4"))
                counts = try await host.counts("moody")
                #expect((counts["accepted"], counts["done"], counts["dead"], counts["waiting"]) == (6, 5, 1, 0), "\(counts)")

                #expect(try await host.must("invoke", "files", "--data", "/opt/sky") == "blue\n")
                let copy = "\(restored)-colours.zip"
                try await host.must("layer", "get", "colours:1", "--output", copy)
                #expect(try await run("/usr/bin/python3", ["-m", "zipfile", "-l", copy]).out.contains("sky"))
                unlink(copy)
            }
        }

        @Test("what is no backup is refused, and leaves nothing") func refusesWhatIsNone() async throws {
            let state = "/tmp/swiftlet-restored-\(UInt32.random(in: 0...UInt32.max))"
            let result = try await run(Checkout.swiftlet, ["restore", "/etc/passwd", "--state-dir", state])
            #expect(result.status == 1 && result.err.contains("no whole backup"), "\(result.err)")
            #expect(!FileManager.default.fileExists(atPath: state) && !FileManager.default.fileExists(atPath: state + ".restoring"))
        }

        @Test("a log shows the lines of one call, and those from a moment on") func filtersLogs() async throws {
            try await RunningHost.with { host in
                try await host.must("image", "load", try await SampleImages.shared.hello(), "--name", "hello:1")
                try await host.must("function", "create", "f", "--image", "hello:1")
                for number in 1...3 { try await host.must("invoke", "f", "--data", "call \(number)") }
                let all = try await host.must("logs", "f", "--json").split(separator: "\n")
                let requests = try all.compactMap { line in
                    try (JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])?["request"] as? String
                }
                let second = try #require(requests.first { $0 != requests.first })
                let ofSecond = try await host.must("logs", "--function", "f", "--request", second, "--json").split(separator: "\n")
                #expect(ofSecond.count == requests.count { $0 == second } && ofSecond.allSatisfy { $0.contains(second) })
                #expect(try await host.must("logs", "f", "--since", "1h", "--json").split(separator: "\n").count == all.count)
                #expect(try await host.must("logs", "f", "--since", "1h", "--tail", "2", "--json").split(separator: "\n") == all.suffix(2))
                #expect(try await host.must("logs", "f", "--since", "2099-01-01", "--json").isEmpty)
            }
        }

        @Test("with --log-format json each call is one line, with function, version, instance, request and trace as fields")
        func logsCalls()
            async throws
        {
            try await RunningHost.with(["--log-format", "json", "--log-level", "info"]) { host in
                try await host.must("image", "load", try await SampleImages.shared.hello(), "--name", "hello:1")
                try await host.must("function", "create", "f", "--image", "hello:1")
                let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
                _ = try await host.curl("-H", "traceparent: 00-\(trace)-00f067aa0ba902b7-01", "\(host.url)/http/f/x")
                func said() -> Substring? { host.printed.split(separator: "\n").first { $0.contains("a call has ended") } }
                try await host.wait("the call is in the host's log") { said() != nil }
                let line = said()
                let fields = try #require(try JSONSerialization.jsonObject(with: Data((line ?? "").utf8)) as? [String: String])
                #expect(fields["function"] == "f" && fields["version"] == "LATEST" && fields["traceId"] == trace, "\(fields)")
                #expect(fields["instance"]?.hasPrefix("c-") == true && fields["requestId"]?.hasPrefix("1-") == true, "\(fields)")
                #expect(fields["outcome"] == "success" && fields["level"] == "info", "\(fields)")
            }
        }
    }
}
