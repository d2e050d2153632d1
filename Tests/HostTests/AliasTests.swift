// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

extension HostTests {
    /// Versions and aliases through the command line, with real instances of both versions.
    @Suite struct AliasTests {
        @Test("two versions, an alias by weight, a roll-back, and all of it survives a restart") func life() async throws {
            try await RunningHost.with { host in
                try await host.must("image", "load", try await SampleImages.shared.hello(), "--name", "hello:1")
                try await host.must("function", "create", "hello", "--image", "hello:1", "--health-path", "/healthz")
                #expect(try await host.must("version", "publish", "hello", "--description", "first") == "1\n")
                try await host.must("function", "update", "hello", "--description", "changed")
                #expect(try await host.must("version", "publish", "hello") == "2\n")
                let unchanged = try await host.swiftlet("version", "publish", "hello")
                #expect(unchanged.status == 1 && unchanged.err.contains("version 2"), "\(unchanged.err)")
                #expect(try await host.must("version", "list", "hello").split(separator: "\n").count == 3)

                #expect(
                    try await host.must("alias", "create", "hello", "prod", "--version", "1", "--weight", "2=25%")
                        == "prod: 1 75 %, 2 25 %\n")
                #expect(try await served(by: host, "prod", calls: 8) == ["1", "1", "1", "2", "1", "1", "1", "2"])
                #expect(try await host.must("invoke", "hello", "--qualifier", "prod", "--data", "x") == "hello x")

                #expect(try await host.must("alias", "update", "hello", "prod", "--weight", "2=1") == "prod: 1 0 %, 2 100 %\n")
                #expect(try await served(by: host, "prod", calls: 2) == ["2", "2"])
                #expect(try await host.must("alias", "rollback", "hello", "prod") == "prod: 1 75 %, 2 25 %\n")
                #expect(try await host.must("alias", "update", "hello", "prod", "--weight", "none") == "prod: 1 100 %\n")
                #expect(try await host.must("alias", "history", "hello", "prod").split(separator: "\n").count == 5)

                await host.stop()
                let again = try await RunningHost.start(host.state)
                #expect(try await again.must("alias", "get", "hello", "prod") == "prod: 1 100 %\n")
                #expect(try await served(by: again, "prod", calls: 1) == ["1"])
                try await again.must("version", "delete", "hello", "1")
                let refused = try await again.swiftlet("invoke", "hello", "--qualifier", "prod")
                #expect(refused.status == 1 && refused.err.contains("'prod'") && refused.err.contains("'1'"), "\(refused.err)")
                try await again.must("alias", "delete", "hello", "prod")
                #expect(try await again.must("alias", "list", "hello").split(separator: "\n").count == 1)
                await again.stop()
            }
        }

        /// The version that the answers name, call by call, over HTTP by the alias's host name.
        private func served(by host: RunningHost, _ alias: String, calls: Int) async throws -> [String] {
            var versions: [String] = []
            for _ in 0..<calls {
                let answer = try await host.curl(
                    "-o", "/dev/null", "-w", "%header{x-fc-invocation-function-version}", "-H", "Host: \(alias).hello.localhost",
                    host.url + "/")
                versions.append(answer.out)
            }
            return versions
        }
    }
}
