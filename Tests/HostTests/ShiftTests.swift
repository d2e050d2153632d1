// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

extension HostTests {
    /// Changes under load, on a real host with real instances: no call is lost.
    @Suite struct ShiftTests {
        @Test("an alias shifts 0, 10, 50, 100 % under load, and no call is lost") func shifts() async throws {
            try await RunningHost.with { host in
                try await prepare(host)
                try await host.must("version", "publish", "hello")
                try await host.must("function", "update", "hello", "--description", "second")
                try await host.must("version", "publish", "hello")
                try await host.must("alias", "create", "hello", "prod", "--version", "1")
                let load = try Load(host.url + "/2023-03-30/functions/hello/invocations?qualifier=prod", threads: 4)
                try await load.calls(200)
                for share in ["2=10%", "2=50%", "2=1"] {
                    try await host.must("alias", "update", "hello", "prod", "--weight", share)
                    try await load.calls(200)
                }
                let end = try await load.stop()
                #expect(end.failed == 0, "\(end.failures)")
                #expect(end.versions["1", default: 0] >= 300 && end.versions["2", default: 0] >= 300, "\(end.versions)")
                #expect(end.versions.values.reduce(0, +) == end.calls)
            }
        }

        @Test("a function is updated under load, again and again, and no call is lost or meets a cold start") func updates() async throws {
            try await RunningHost.with { host in
                try await prepare(host)
                let load = try Load(host.url + "/2023-03-30/functions/hello/invocations", threads: 4)
                try await load.calls(100)
                let colds = try await coldStarts(host)
                for number in 1...5 {
                    try await host.must("function", "update", "hello", "--env", "NUMBER=\(number)")
                    try await load.calls(100)
                }
                let end = try await load.stop()
                #expect(end.failed == 0, "\(end.failures)")
                #expect(end.calls >= 600)
                // Each update starts one instance before it takes calls; at four callers the others start by need.
                #expect(try await coldStarts(host) - colds <= 5 * 3)
            }
        }

        private func prepare(_ host: RunningHost) async throws {
            try await host.must("image", "load", try await SampleImages.shared.hello(), "--name", "hello:1")
            try await host.must("function", "create", "hello", "--image", "hello:1", "--health-path", "/healthz")
        }

        /// Calls that had to wait for an instance.
        private func coldStarts(_ host: RunningHost) async throws -> Int {
            let answer = try await host.curl(host.url + "/swiftlet/v1/functions/hello/cold-starts")
            let json = try JSONSerialization.jsonObject(with: Data(answer.out.utf8)) as? [String: Any]
            return (json?["coldStarts"] as? [Any])?.count ?? 0
        }
    }
}

/// Calls from several threads, without a pause, by `Programs/load.py`.
private final class Load: Sendable {
    struct End: Decodable {
        var calls: Int
        var versions: [String: Int]
        var failures: [String]
        var failed: Int
    }

    private let program: ProcessHandle

    init(_ url: String, threads: Int) throws {
        program = try ProcessHandle(
            "/usr/bin/python3", ["\(Checkout.top)/Tests/HostTests/Programs/load.py", url, "\(threads)"], takesInput: true)
    }

    /// Waits for so many more calls.
    func calls(_ count: Int) async throws {
        let before = try await soFar()
        for _ in 0..<6000 {
            if try await soFar() >= before + count { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw HostFailure("no \(count) calls came through in two minutes: \(program.printed)")
    }

    private func soFar() async throws -> Int {
        let lines = program.printed.split(separator: "\n").count
        try program.write("?\n")
        for _ in 0..<6000 {
            let printed = program.printed.split(separator: "\n")
            if printed.count > lines, program.printed.hasSuffix("\n") { return Int(printed.last ?? "") ?? 0 }
            if program.status != nil { break }
            try await Task.sleep(for: .milliseconds(5))
        }
        throw HostFailure("the load has ended: \(program.printed)")
    }

    func stop() async throws -> End {
        try program.closeInput()
        for _ in 0..<2400 where program.status == nil { try await Task.sleep(for: .milliseconds(50)) }
        let last = program.printed.split(separator: "\n").last ?? ""
        return try JSONDecoder().decode(End.self, from: Data(last.utf8))
    }
}
