// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

extension HostTests {
    /// Layers through the whole house: command line, API, object store, unpacker, overlay, program.
    @Suite struct LayerTests {
        /// A root with a static program that answers with a file of its instance: `/server PATH`.
        private func image(_ host: RunningHost) async throws {
            try await host.must("image", "load", try await SampleImages.shared.fileServer(), "--name", "files:1")
        }

        private func folder(_ host: RunningHost, _ name: String, _ files: [String: String]) throws -> String {
            let folder = "\(host.state)-\(name)"
            for (path, text) in files {
                let place = URL(fileURLWithPath: "\(folder)/\(path)")
                try FileManager.default.createDirectory(at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(text.utf8).write(to: place)
            }
            return folder
        }

        private func with(_ body: (RunningHost) async throws -> Void) async throws {
            try await RunningHost.with { host in
                do { try await body(host) } catch {
                    for name in ["one", "two", "big"] { try? FileManager.default.removeItem(atPath: "\(host.state)-\(name)") }
                    throw error
                }
                for name in ["one", "two", "big"] where FileManager.default.fileExists(atPath: "\(host.state)-\(name)") {
                    try FileManager.default.removeItem(atPath: "\(host.state)-\(name)")
                }
            }
        }

        private func trees(_ host: RunningHost) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: host.state + "/layers").filter { !$0.hasPrefix(".") }
        }

        @Test("a folder becomes a layer, and a later layer lies over an earlier one") func order() async throws {
            try await with { host in
                try await image(host)
                let one = try folder(host, "one", ["same": "one\n", "bin/tool": "one's tool\n"])
                let two = try folder(host, "two", ["same": "two\n"])
                #expect(try await host.must("layer", "publish", "one", one) == "one:1\n")
                #expect(try await host.must("layer", "publish", "two", two, "--description", "d") == "two:1\n")
                try await host.must("function", "create", "f", "--image", "files:1", "--layer", "one:1", "--layer", "two:1")
                #expect(try await host.must("invoke", "f", "--data", "/opt/same") == "two\n")
                #expect(try await host.must("invoke", "f", "--data", "/opt/bin/tool") == "one's tool\n")
                let environment = try await host.must("invoke", "f", "--data", "/proc/self/environ").split(separator: "\0")
                #expect(environment.contains { $0.hasPrefix("PATH=") && $0.hasSuffix(":/opt/bin") })
                #expect(environment.contains("LD_LIBRARY_PATH=/opt/lib") && environment.contains("NODE_PATH=/opt/nodejs/node_modules"))
                #expect(environment.contains { $0.hasPrefix("PYTHONPATH=/opt/python:") })
                try await host.must("function", "update", "f", "--layer", "two:1", "--layer", "one:1")
                #expect(try await host.must("invoke", "f", "--data", "/opt/same") == "one\n")
                try await host.must("function", "update", "f", "--no-layers")
                #expect(try await host.must("invoke", "f", "--data", "/opt/same") == "none\n")
                let copy = "\(one)/copy.zip"
                try await host.must("layer", "get", "one:1", "--output", copy)
                #expect(try await run("/usr/bin/python3", ["-m", "zipfile", "-l", copy]).out.contains("bin/tool"))
                #expect(try await host.must("layer", "list").contains("two"))
            }
        }

        @Test("a sample function uses a Python package that only its layer has") func package() async throws {
            try await RunningHost.with { host in
                let made = try await run("\(Checkout.top)/scripts/make-images", ["layer"])
                try #require(made.status == 0, "\(made.err)")
                try await host.must("image", "load", "\(Checkout.top)/images/python-layer.tar", "--name", "python-layer:1")
                try await host.must("layer", "publish", "colours", "\(Checkout.top)/images/python-layer/layer")
                try await host.must("function", "create", "colour", "--image", "python-layer:1")
                let without = try await host.swiftlet("invoke", "colour", "--data", "tomato")
                #expect(without.status != 0 && without.err.contains("No module named 'colours'"), "\(without.out)\(without.err)")
                try await host.must("function", "update", "colour", "--layer", "colours:1")
                let answer = try await host.must("invoke", "colour", "--data", "tomato")
                #expect(answer == "tomato is #ff6347, says /opt/python/colours/__init__.py\n")
            }
        }

        @Test("a layer that a hundred functions have is on disk once, and goes with the last of them") func shared() async throws {
            try await with { host in
                try await image(host)
                let before = try trees(host)
                let big = try folder(host, "big", ["data": String(repeating: "0123456789abcde\n", count: 1 << 20)])
                try await host.must("layer", "publish", "big", big)
                try await host.must("layer", "publish", "again", big)
                #expect(try trees(host) == before)  // Nothing is unpacked before a function needs it.
                for number in 0..<100 {
                    let layer = number % 2 == 0 ? "big:1" : "again:1"
                    try await host.must("function", "create", "f\(number)", "--image", "files:1", "--layer", layer, "--no-wait")
                }
                #expect(try trees(host).count == before.count + 1)
                let usage = try await run("/usr/bin/du", ["-sm", host.state + "/layers"]).out
                #expect(Int(usage.prefix { $0 != "\t" }).map { $0 < 40 } == true, "\(usage)")
                for number in [0, 57, 99] {
                    #expect(try await host.must("invoke", "f\(number)", "--data", "/opt/data").utf8.count == 16 << 20)
                }
                try await host.must("layer", "delete", "big:1", "again:1")
                #expect(try await host.swiftlet("function", "create", "late", "--image", "files:1", "--layer", "big:1").status == 1)
                #expect(try await host.must("invoke", "f1", "--data", "/opt/data").utf8.count == 16 << 20)
                try await host.must("version", "publish", "f0")
                for number in 0..<100 { try await host.must("function", "delete", "f\(number)") }
                try await host.wait("the layer is gone") { try trees(host) == before }
                let zips = try FileManager.default.subpathsOfDirectory(atPath: host.state + "/data/objects").filter { $0.hasSuffix(".zip") }
                #expect(zips.isEmpty)
            }
        }
    }
}
