// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import RegistryFixtures
import TarFixtures
import Testing

extension HostTests {
    /// Images from a real registry through the whole house: launcher, confined unpackers, calls.
    @Suite struct RegistryPullTests {
        @Test("an image of a registry with a login answers as a function, and comes out again for other tools") func pull() async throws {
            let registry = try TestRegistry(login: .basic)
            try registry.push("oci-archive:\(Checkout.top)/images/hello.tar", "team/hello:1", login: true)
            let name = "\(registry.address)/team/hello:1"
            try await RunningHost.with { host in
                let refused = try await host.swiftlet("image", "pull", name, "--plain-http")
                #expect(
                    refused.status != 0 && refused.err.contains("RegistryAccessDenied") && refused.err.contains("401"), "\(refused.err)")
                let pull = try await host.swiftlet(
                    "image", "pull", name, "--plain-http", "--user", TestRegistry.user, "--password-stdin", "--keep-blobs",
                    input: TestRegistry.password + "\n")
                #expect(pull.status == 0 && pull.out.hasPrefix("\(name) sha256:"), "\(pull.err)")
                #expect(pull.err.contains("layer 1 of 1") && pull.err.contains("pulled"), "\(pull.err)")
                try await host.must("function", "create", "hello", "--image", name, "--port", "9000", "--health-path", "/healthz")
                #expect(try await host.must("invoke", "hello", "--data", "x").contains("hello x"))

                let file = host.state + "/exported.tar"
                try await host.must("image", "export", name, "-o", file)
                #expect(try runAll(["skopeo", "inspect", "--format", "{{.Digest}}", "oci-archive:\(file)"]).hasPrefix("sha256:"))

                try await host.must("image", "tag", name, "hello:mine")
                #expect(try await host.must("image", "gc", "--all", "--dry-run", "--json").contains(#""images":[]"#))
                try await host.must("function", "delete", "hello")
                #expect(try await host.must("image", "gc", "--all").contains("hello:mine"))
                #expect(!host.printed.contains(TestRegistry.password))
            }
        }

        @Test("a function that names an image of a registry brings it, with its own login, and keeps no password") func named() async throws
        {
            let registry = try TestRegistry(login: .basic)
            try registry.push("oci-archive:\(Checkout.top)/images/hello.tar", "team/hello:1", login: true)
            func create(_ host: RunningHost, _ name: String, password: String) async throws {
                let body = """
                    {"functionName": "\(name)", "runtime": "custom-container", "handler": "x", "customContainerConfig":
                     {"image": "\(registry.address)/team/hello:1", "port": 9000, "registryConfig":
                      {"authConfig": {"userName": "bob", "password": "\(password)"}, "certConfig": {"insecure": true}}}}
                    """
                let answer = try await host.curl("-d", body, "\(host.url)/2023-03-30/functions")
                #expect(answer.out.contains(#""state":"Pending""#) && !answer.out.contains(password), "\(answer.out)")
            }
            try await RunningHost.with { host in
                try await create(host, "wrong", password: "wr0ng pass")
                try await host.wait("the refusal is told") {
                    try await host.curl("\(host.url)/2023-03-30/functions/wrong").out.contains(#""state":"Failed""#)
                }
                let failed = try await host.curl("\(host.url)/2023-03-30/functions/wrong").out
                #expect(
                    failed.contains("401") && failed.contains("user 'bob' from registryConfig") && !failed.contains("wr0ng"), "\(failed)")
                try await create(host, "right", password: TestRegistry.password)
                try await host.wait("the image comes") {
                    try await host.curl("\(host.url)/2023-03-30/functions/right").out.contains(#""state":"Active""#)
                }
                #expect(try await host.must("invoke", "right", "--data", "x").contains("hello x"))
                #expect(!host.printed.contains(TestRegistry.password) && !host.printed.contains("wr0ng"))
                let kept = try await run("/usr/bin/grep", ["-rlF", TestRegistry.password, host.state])
                #expect(kept.out.isEmpty, "\(kept.out)")
            }
        }

        @Test("the command line fetches a function's image with a login of its own, and with that of the caller's Docker configuration")
        func commandLine() async throws {
            let registry = try TestRegistry(login: .basic)
            for tag in ["1", "2"] {
                try registry.push("oci-archive:\(Checkout.top)/images/hello.tar", "team/hello:\(tag)", login: true)
            }
            let name = "\(registry.address)/team/hello"
            let port = ["--port", "9000", "--health-path", "/healthz", "--registry-insecure"]
            try await RunningHost.with { host in
                let refused = try await host.swiftlet(["function", "create", "none", "--image", name + ":1"] + port)
                #expect(refused.status != 0 && refused.err.contains("401") && refused.err.contains("without a login"), "\(refused.err)")
                let words = ["function", "create", "hello", "--image", name + ":1", "--registry-user", TestRegistry.user]
                let alone = try await host.swiftlet(words + port)
                #expect(alone.status != 0 && alone.err.contains("go together"), "\(alone.err)")
                let created = try await host.swiftlet(words + ["--registry-password-stdin"] + port, input: TestRegistry.password + "\n")
                #expect(created.status == 0, "\(created.err)")
                #expect(try await host.must("invoke", "hello", "--data", "x").contains("hello x"))

                let login = Data("\(TestRegistry.user):\(TestRegistry.password)".utf8).base64EncodedString()
                let folder = registry.scratch.path + "/docker"
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
                try Data(#"{"auths": {"\#(registry.address)": {"auth": "\#(login)"}}}"#.utf8).write(
                    to: URL(fileURLWithPath: folder + "/config.json"))
                let updated = try await host.swiftlet(
                    ["function", "update", "hello", "--image", name + ":2", "--registry-insecure"], environment: ["DOCKER_CONFIG": folder])
                #expect(updated.status == 0, "\(updated.err)")
                #expect(try await host.must("image", "list").contains("team/hello:2"))
                #expect(!host.printed.contains(TestRegistry.password) && !host.printed.contains(login))
            }
        }

        @Test("the API tells of each MiB of each layer while it comes, and of what was made of it") func events() async throws {
            let registry = try TestRegistry()
            let content = try Scratch()
            try runAll(["umoci", "init", "--layout", content.path + "/layout"])
            try runAll(["umoci", "new", "--image", content.path + "/layout:x"])
            for number in 0..<2 {
                let file = "\(content.path)/file\(number)"
                try runAll(["dd", "if=/dev/urandom", "of=\(file)", "bs=1M", "count=3", "status=none"])
                try runAll(["umoci", "insert", "--image", content.path + "/layout:x", file, "/file\(number)"])
            }
            try registry.push("oci:\(content.path)/layout:x", "hello:1")
            let body = #"{"reference": "\#(registry.address)/hello:1", "plainHTTP": true}"#
            try await RunningHost.with { host in
                func pull() async throws -> [PullEvent] {
                    let answer = try await host.curl(
                        "-N", "-H", "content-type: application/json", "-d", body, "\(host.url)/swiftlet/v1/images/pull")
                    return try answer.out.split(separator: "\n").map { try JSONDecoder().decode(PullEvent.self, from: Data($0.utf8)) }
                }
                let events = try await pull()
                #expect(events.first?.event == "resolved" && events.first?.layers == 2, "\(events)")
                #expect(events.last?.event == "loaded" && events.last?.images?.count == 1, "\(events)")
                let layers = Dictionary(grouping: events.filter { $0.event == "layer" }) { $0.digest ?? "" }
                #expect(layers.count == 2)
                for layer in layers.values {
                    #expect(layer.last?.state == "done" && layer.allSatisfy { $0.of == 2 }, "\(layer)")
                    let came = layer.filter { $0.state == "downloading" }.compactMap(\.bytes)
                    #expect(came.map { $0 >> 20 } == [1, 2, 3], "\(layer)")
                }
                let again = try await pull()
                #expect(again.filter { $0.event == "layer" }.map(\.state) == ["exists", "exists"] && again.count == 4, "\(again)")
            }
        }

        @Test("kill -9 at many points of a pull leaves nothing that is later taken for whole") func killed() async throws {
            let registry = try TestRegistry()
            let content = try Scratch()
            try runAll(["umoci", "init", "--layout", content.path + "/layout"])
            try runAll(["umoci", "new", "--image", content.path + "/layout:x"])
            for number in 0..<3 {
                let file = "\(content.path)/file\(number)"
                try runAll(["dd", "if=/dev/urandom", "of=\(file)", "bs=100k", "count=3", "status=none"])
                try runAll(["umoci", "insert", "--image", content.path + "/layout:x", file, "/file\(number)"])
            }
            try registry.push("oci:\(content.path)/layout:x", "hello:1")
            let state = "/tmp/swiftlet-host-\(UInt32.random(in: 0...UInt32.max))"
            // In the configuration, in the first bytes of a layer, between layers, and when nearly all has come.
            for bytes in [0, 4000, 100_000, 450_000, 800_000, 915_000] {
                let front = try Front(registry, "--stall-after", "\(bytes)")
                let host = try await RunningHost.start(state)
                async let pull = host.swiftlet("image", "pull", "\(front.address)/hello:1", "--plain-http")
                try await host.wait("the registry says no more") { front.requests.contains { $0.hasPrefix("stalled") } }
                await host.end(SIGKILL)
                #expect(try await pull.status != 0)
                try await host.wait("every process has ended") { Leftovers.processes(of: state).isEmpty }

                let next = try await RunningHost.start(state)
                #expect(try await next.must("image", "list", "--json").contains(#""images":[]"#))
                for folder in ["layers", "data/tmp", "data/blobs/sha256"] {
                    // The launcher's folder for what it is removing is always there.
                    let left = try FileManager.default.contentsOfDirectory(atPath: "\(state)/\(folder)").filter { $0 != ".trash" }
                    #expect(left.isEmpty, "after \(bytes) bytes: \(folder) has \(left)")
                }
                await next.stop()
            }
            let host = try await RunningHost.start(state)
            try await host.must("image", "pull", "\(registry.address)/hello:1", "--plain-http")
            await host.stop()
            await Leftovers.expectNone(of: state)
            try FileManager.default.removeItem(atPath: state)
        }
    }
}

/// A line of the answer to a pull; see docs/api.md.
private struct PullEvent: Decodable {
    struct Image: Decodable { var reference: String }

    var event: String
    var digest: String?
    var layers: Int?
    var state: String?
    var of: Int?
    var bytes: Int?
    var images: [Image]?
}
