// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Testing

extension HostTests {
    /// Functions that go wrong: the caller learns what, the log keeps it, the host stays well.
    @Suite struct FailureTests {
        private func with(_ mode: String, options: [String] = [], _ body: (RunningHost) async throws -> Void) async throws {
            try await RunningHost.with { host in
                try await host.must("image", "load", try await SampleImages.shared.misbehave(), "--name", "misbehave:1")
                let created = try await run(
                    Checkout.swiftlet, ["function", "create", "f", "--image", "misbehave:1"] + options + ["--args", mode],
                    environment: ["SWIFTLET_HOST": host.url])
                #expect(created.status == 0, "\(created.err)")
                try await body(host)
            }
        }

        @Test("an image that ends at once is an error with its last words, again and again") func crashLoop() async throws {
            try await with("crash") { host in
                for _ in 0..<3 {
                    let result = try await host.swiftlet("invoke", "f")
                    #expect(result.status == 1 && result.out.isEmpty)
                    #expect(result.err.contains("CAExited") && result.err.contains("cannot find /etc/app.conf"), "\(result.err)")
                }
                let log = try await host.must("logs", "f")
                #expect(log.contains("err reading the configuration") && log.contains("err cannot find /etc/app.conf"))
            }
        }

        @Test("a program that uses too much memory is told as such, and replaced") func outOfMemory() async throws {
            try await with("memory", options: ["--memory", "128"]) { host in
                for _ in 0..<2 {
                    let result = try await host.swiftlet("invoke", "f")
                    #expect(result.status == 2, "\(result.err)")
                    #expect(result.out.contains("memory"), "\(result.out)")
                }
                try await host.wait("the log tells of it") {
                    try await host.must("logs", "f").localizedCaseInsensitiveContains("out of memory")
                }
            }
        }

        @Test("a program that dies in a call gives the caller an error, and the next call a new instance") func dies() async throws {
            try await with("die") { host in
                for _ in 0..<2 {
                    let result = try await host.swiftlet("invoke", "f")
                    #expect(result.status == 2 && result.out.contains("exited unexpectedly"), "\(result.out) \(result.err)")
                }
            }
        }

        @Test("a call that takes too long ends with an error that names the limit") func timesOut() async throws {
            try await with("sleep", options: ["--timeout", "1"]) { host in
                let result = try await host.swiftlet("invoke", "f")
                #expect(result.status == 2 && result.out.contains("timed out after 1 second"), "\(result.out) \(result.err)")
            }
        }

        @Test("a line of 10 MB neither stalls the function nor is lost") func longLine() async throws {
            try await with("long-line") { host in
                let answer = try await host.must("invoke", "f")
                #expect(answer == "still here")
                try await host.wait("the end of the line is logged") {
                    try await host.must("logs", "f", "--tail", "20").contains("after the long line")
                }
                let log = try await host.must("logs", "f", "--json")
                let letters = log.split(separator: "\n").reduce(0) { $0 + $1.utf8.filter { $0 == UInt8(ascii: "x") }.count }
                #expect(letters >= 10 << 20)
            }
        }
    }
}
