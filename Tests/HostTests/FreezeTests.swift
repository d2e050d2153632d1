// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

extension HostTests {
    @Suite struct FreezeTests {
        @Test("an instance without calls is frozen, and the next call finds it as it was") func freezes() async throws {
            try await RunningHost.with(["--freeze-idle", "1"]) { host in
                try await host.must("image", "load", try await SampleImages.shared.hello(), "--name", "hello:1")
                try await host.must("function", "create", "hello", "--image", "hello:1")
                for name in ["you", "me"] {
                    #expect(try await host.must("invoke", "hello", "--data", name) == "hello \(name)")
                    try await host.wait("the instance is frozen") {
                        (try? await host.must("instance", "list", "hello", "--json").contains("Frozen")) ?? false
                    }
                }
                await host.stop()
                #expect(host.status == 0)
                await Leftovers.expectNone(of: host.state)
            }
        }
    }
}
