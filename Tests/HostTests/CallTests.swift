// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Testing

@Suite(.serialized, .enabled(if: geteuid() == 0, "a host needs root"), .timeLimit(.minutes(10)))
struct HostTests {}

extension HostTests {
    /// Calls through the whole house: command line, gateway, activation, launcher, sandbox, program and back.
    @Suite struct CallTests {
        @Test("an image archive becomes a function that answers: cold, warm, as an event, over HTTP by path and by host name")
        func answers() async throws {
            try await RunningHost.with { host in
                let loaded = try await host.must("image", "load", try await SampleImages.shared.hello(), "--name", "hello:1")
                #expect(loaded.hasPrefix("hello:1 sha256:"))
                try await host.must("function", "create", "hello", "--image", "hello:1", "--port", "9000", "--health-path", "/healthz")
                for _ in 0..<2 {
                    let answer = try await host.must("invoke", "hello", "--data", #"{"name":"you"}"#)
                    #expect(answer == #"hello {"name":"you"}"#)
                }
                let fromInput = try await host.must("invoke", "hello", "--data", "@-", input: "from stdin")
                #expect(fromInput == "hello from stdin")
                let byPath = try await host.curl("\(host.url)/http/hello/any/path?a=1&b=%20")
                #expect(byPath.out == "hello from GET /any/path?a=1&b=%20")
                let byName = try await host.curl("-X", "PUT", "-H", "Host: hello.localhost", "\(host.url)/deep/er?x")
                #expect(byName.out == "hello from PUT /deep/er?x")
                let instances = try await host.must("instance", "list", "hello")
                #expect(instances.split(separator: "\n").count == 2)
            }
        }

        @Test("200 calls at once to a function without an instance are all answered") func burst() async throws {
            try await RunningHost.with { host in
                try await host.must("image", "load", try await SampleImages.shared.hello(), "--name", "hello:1")
                try await host.must(
                    "function", "create", "hello", "--image", "hello:1", "--health-path", "/healthz", "--concurrency", "20",
                    "--max-instances", "4")
                let statuses = try await withThrowingTaskGroup(of: String.self) { group in
                    for _ in 0..<8 {
                        group.addTask {
                            try await run(
                                "/usr/bin/curl",
                                [
                                    "-sS", "--noproxy", "*", "-Z", "--parallel-max", "25", "--parallel-immediate", "--max-time", "60", "-X",
                                    "POST",
                                    "-o", "/dev/null", "-w", "%{http_code}\n",
                                    "\(host.url)/2023-03-30/functions/hello/invocations?n=[1-25]",
                                ]
                            ).out
                        }
                    }
                    return try await group.reduce(into: "") { $0 += $1 }
                }
                let codes = statuses.split(separator: "\n")
                #expect(codes.count == 200 && codes.allSatisfy { $0 == "200" })
            }
        }

        @Test("an instance ends after its idle time, and the next call starts a new one") func scalesToZero() async throws {
            try await RunningHost.with { host in
                try await host.must("image", "load", try await SampleImages.shared.hello(), "--name", "hello:1")
                try await host.must("function", "create", "hello", "--image", "hello:1", "--idle-timeout", "1")
                try await host.must("invoke", "hello")
                try await host.wait("the instance ends") {
                    try await host.must("instance", "list", "hello").split(separator: "\n").count == 1
                }
                let answer = try await host.must("invoke", "hello")
                #expect(answer == "hello world")
            }
        }
    }
}

extension RunningHost {
    /// Waits until something holds, at most 30 s.
    func wait(_ what: String, until holds: () async throws -> Bool) async throws {
        for _ in 0..<1200 {
            if try await holds() { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw HostFailure("within two minutes it did not happen that \(what)")
    }
}
