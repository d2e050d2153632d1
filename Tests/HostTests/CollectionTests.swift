// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import RegistryFixtures
import TarFixtures
import Testing

extension HostTests {
    /// A collection takes nothing that something which is under way needs.
    @Suite struct CollectionTests {
        private struct Collected: Decodable {
            var images: [Reference]
            var layers: [String]
            var references: [String] { images.map(\.reference) }

            struct Reference: Decodable { var reference: String }
        }

        private func collect(_ host: RunningHost, _ options: String...) async throws -> Collected {
            let answer = try await host.swiftlet(["image", "gc", "--all", "--json"] + options)
            try #require(answer.status == 0, "\(answer.err)")
            return try JSONDecoder().decode(Collected.self, from: Data(answer.out.utf8))
        }

        private func layers(_ host: RunningHost) throws -> Set<String> {
            Set(try FileManager.default.contentsOfDirectory(atPath: host.state + "/layers").filter { !$0.hasPrefix(".") })
        }

        @Test("a layer that a running pull found here stays, though the image that brought it goes") func pull() async throws {
            let (scratch, registry) = (try Scratch(), try TestRegistry())
            let hello = try await SampleImages.shared.hello()
            let layout = scratch.path + "/layout"
            try runAll(["skopeo", "copy", "-q", "oci-archive:\(hello)", "oci:\(layout):x"])
            let file = "\(scratch.path)/more"
            try runAll(["dd", "if=/dev/urandom", "of=\(file)", "bs=400000", "count=1", "status=none"])
            try runAll(["umoci", "insert", "--image", layout + ":x", file, "/more"])
            try registry.push("oci:\(layout):x", "more:1")
            let goOn = scratch.path + "/go-on"
            let front = try Front(registry, "--stall-each", "100000", "--stall-file", goOn)
            try await RunningHost.with { host in
                try await host.must("image", "load", hello, "--name", "hello:1")
                let shared = try layers(host)
                #expect(shared.count == 1)
                let name = "\(front.address)/more:1"
                let pull = try ProcessHandle(Checkout.swiftlet, ["image", "pull", name, "--plain-http", "--host", host.url])
                try await host.wait("the second layer has begun") { front.requests.contains { $0.hasPrefix("stalled") } }
                // The first one is not asked for, since it is here.
                #expect(front.requests.count { $0.hasPrefix("stalled") } == 1 && pull.status == nil)
                let collected = try await collect(host)
                #expect(collected.references == ["hello:1"] && collected.layers == [])
                #expect(try layers(host) == shared)
                #expect(FileManager.default.createFile(atPath: goOn, contents: nil))
                try await host.wait("the pull has ended") { pull.status != nil }
                #expect(pull.status == 0, "\(pull.printed)")
                try await host.must("function", "create", "f", "--image", name, "--port", "9000")
                #expect(try await host.must("invoke", "f") == "hello world")
                try await host.must("function", "delete", "f")
                #expect(try await collect(host).layers.count == 2)
                #expect(try layers(host) == [])
            }
        }

        @Test("an image that an instance of before an update runs stays until that instance has ended") func update() async throws {
            try await RunningHost.with { host in
                try await host.must("image", "load", try await SampleImages.shared.moody(), "--name", "moody:1")
                let old = try layers(host)
                try await host.must("image", "load", try await SampleImages.shared.hello(), "--name", "hello:1")
                let new = try layers(host).subtracting(old)
                try await host.must("function", "create", "f", "--image", "moody:1", "--port", "9000", "--concurrency", "1")
                // A call that goes on for a minute, or until its caller leaves.
                let call = try ProcessHandle(Checkout.swiftlet, ["invoke", "f", "--data", "sleep", "--host", host.url])
                defer { kill(call.process, SIGKILL) }
                try await host.wait("the call has begun") { try await host.must("logs", "f").contains("FC Invoke Start") }
                try await host.must("function", "update", "f", "--image", "hello:1")
                #expect(try await host.must("invoke", "f") == "hello world")
                #expect(try await collect(host, "--dry-run").references == [])
                #expect(try await collect(host).references == [])
                #expect(try layers(host) == old.union(new) && call.status == nil)
                kill(call.process, SIGKILL)
                try await host.wait("the instance has ended, and its image goes") { try await collect(host).references == ["moody:1"] }
                #expect(try layers(host) == new)
                #expect(try await host.must("invoke", "f") == "hello world")
            }
        }
    }
}
