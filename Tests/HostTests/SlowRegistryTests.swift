// SPDX-License-Identifier: Apache-2.0
import Foundation
import RegistryFixtures
import TarFixtures
import Testing

extension HostTests {
    /// Registries that begin to send layers and then send nothing: more of them than there are unpackers.
    @Suite(.serialized) struct SlowRegistryTests {
        /// An image of three layers that nobody else has, as an OCI archive.
        private func image(_ scratch: Scratch, _ number: Int) throws -> String {
            let layout = "\(scratch.path)/layout\(number)"
            try runAll(["umoci", "init", "--layout", layout])
            try runAll(["umoci", "new", "--image", layout + ":x"])
            for layer in 0..<3 {
                var random = SystemRandomNumberGenerator()
                let bytes = (0..<400_000).map { _ in UInt8.random(in: 0...255, using: &random) }
                let file = try scratch.write(bytes, to: "file\(number).\(layer)")
                try runAll(["umoci", "insert", "--image", layout + ":x", file, "/file\(layer)"])
            }
            return layout
        }

        @Test("pulls from registries that send nothing more hold up neither pulls nor uploads") func slow() async throws {
            let (scratch, registry) = (try Scratch(), try TestRegistry())
            let hello = try await SampleImages.shared.hello()
            try registry.push("oci-archive:\(hello)", "hello:1")
            // Four connections are made to one server at most, three for a pull: 18 layers.
            var fronts: [Front] = []
            for number in 0..<6 {
                try registry.push("oci:\(try image(scratch, number)):x", "slow:\(number)")
                fronts.append(try Front(registry, "--stall-each", "100000"))
            }
            let ending = fronts
            try await RunningHost.with { host in
                var pulls: [ProcessHandle] = []
                for (number, front) in ending.enumerated() {
                    pulls.append(
                        try ProcessHandle(
                            Checkout.swiftlet, ["image", "pull", "\(front.address)/slow:\(number)", "--plain-http", "--host", host.url]))
                }
                for front in ending {
                    try await host.wait("its layers have begun") { front.requests.count { $0.hasPrefix("stalled") } == 3 }
                }
                try await host.must("image", "pull", "\(registry.address)/hello:1", "--plain-http")
                try await host.must("image", "load", try image(scratch, 6), "--name", "upload:1")
                #expect(pulls.allSatisfy { $0.status == nil })
                for pull in pulls { kill(pull.process, SIGTERM) }
                try await host.wait("nothing is left of them") {
                    try FileManager.default.contentsOfDirectory(atPath: host.state + "/layers").filter { $0.hasPrefix(".tmp-") }.isEmpty
                }
            }
        }
    }
}
