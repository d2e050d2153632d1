// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Testing

extension HostTests {
    /// The command line's verbs against a real host.
    @Suite struct CommandTests {
        @Test("every verb that prints data also prints JSON") func printsJSON() async throws {
            try await RunningHost.with { host in
                let loaded = try await host.must("image", "load", try await SampleImages.shared.hello(), "--name", "hello:1", "--json")
                #expect(try (JSONSerialization.jsonObject(with: Data(loaded.utf8)) as? [Any])?.count == 1)
                try await host.must("function", "create", "hello", "--image", "hello:1", "--env", "A=1", "B=two words", "--json")
                try await host.must("invoke", "hello")
                let outputs = [
                    try await host.must("image", "list", "--json"), try await host.must("image", "inspect", "hello:1", "--json"),
                    try await host.must("function", "get", "hello", "--json"), try await host.must("function", "list", "--json"),
                    try await host.must("instance", "list", "--json"),
                ]
                for output in outputs { #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(output.utf8)) } }
                for line in try await host.must("logs", "hello", "--json").split(separator: "\n") {
                    #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line.utf8)) }
                }
                let shown = try await host.must("function", "get", "hello")
                #expect(shown.contains("B=two words") && shown.contains("hello:1"))
                #expect(try await host.must("image", "inspect", "hello:1").contains("/server"))
            }
        }

        @Test("words that begin with a dash arrive as they are, and an empty word goes back to the image's own") func passesWords()
            async throws
        {
            try await RunningHost.with { host in
                try await host.must("image", "load", try await SampleImages.shared.hello(), "--name", "hello:1")
                try await host.must(
                    "function", "create", "f", "--image", "hello:1", "--command", "/server", "-x", "--args", "-m", "http.server",
                    "--args=--port", "--port", "9000")
                let json = try await host.must("function", "get", "f", "--json")
                let function = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
                let container = try #require(function["customContainerConfig"] as? [String: Any])
                #expect(container["entrypoint"] as? [String] == ["/server", "-x"])
                #expect(container["command"] as? [String] == ["-m", "http.server", "--port"])
                try await host.must("function", "update", "f", "--command", "", "--args", "")
                let answer = try await host.must("invoke", "f")
                #expect(answer == "hello world")
            }
        }

        @Test("what a function's instances are to do can be said on the command line") func saysHowInstancesLive() async throws {
            try await RunningHost.with { host in
                try await host.must("image", "load", try await SampleImages.shared.life(), "--name", "life:1")
                try await host.must(
                    "function", "create", "f", "--image", "life:1", "--health-path", "/healthz", "--health-delay", "1", "--health-period",
                    "5",
                    "--health-timeout", "2", "--health-failures", "4", "--health-successes", "2", "--initializer", "20", "--pre-stop", "7",
                    "--role", "reader", "--disk", "10240", "--tag", "team=web", "--tag", "stage=test")
                func function() async throws -> [String: Any] {
                    let json = try await host.must("function", "get", "f", "--json")
                    return try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
                }
                let made = try await function()
                let container = try #require(made["customContainerConfig"] as? [String: Any])
                #expect(
                    container["healthCheckConfig"] as? NSDictionary == [
                        "httpGetUrl": "/healthz", "initialDelaySeconds": 1, "periodSeconds": 5, "timeoutSeconds": 2, "failureThreshold": 4,
                        "successThreshold": 2,
                    ])
                let hooks = try #require(made["instanceLifecycleConfig"] as? [String: [String: Any]])
                #expect(hooks["initializer"]?["timeout"] as? Int == 20 && hooks["preStop"]?["timeout"] as? Int == 7)
                #expect(made["role"] as? String == "reader" && made["diskSize"] as? Int == 10240)
                #expect(try await host.must("tag", "list", "f").contains("team"))
                #expect(try await host.must("invoke", "f") == "initialized 1 times")

                try await host.must(
                    "function", "update", "f", "--health-path", "", "--initializer", "0", "--role", "", "--on-demand", "false")
                let changed = try await function()
                #expect(changed["disableOndemand"] as? Bool == true && (changed["role"] as? String ?? "").isEmpty)
                let refused = try await host.swiftlet("invoke", "f")
                #expect(refused.status == 1 && refused.err.contains("ResourceExhausted"), "\(refused.err)")
                let words = try await host.swiftlet("function", "update", "f", "--health-period", "5")
                #expect(words.status == 64 && words.err.contains("--health-path"), "\(words.err)")

                try await host.must("image", "load", try await SampleImages.shared.job(), "--name", "job:1")
                try await host.must("function", "create", "job", "--image", "job:1", "--web-server-mode", "false")
                let job = try await host.must("function", "get", "job", "--json")
                #expect(job.contains(#""webServerMode":false"#) || job.contains(#""webServerMode" : false"#), "\(job)")
            }
        }

        @Test("failures exit 1, and stderr names the thing and the way out") func namesWhatFailed() async throws {
            try await RunningHost.with { host in
                let archive = try await SampleImages.shared.hello()
                for (arguments, words) in [
                    (["invoke", "nobody"], ["FunctionNotFound", "nobody"]),
                    (["function", "get", "nobody"], ["FunctionNotFound", "nobody"]),
                    (["function", "create", "f", "--image", "missing:1"], ["missing:1"]),
                    (["image", "inspect", "missing:1"], ["missing:1"]),
                    (["image", "load", "/etc/passwd", "--name", "x:1"], ["archive"]), (["logs", "nobody"], ["nobody"]),
                ] {
                    let result = try await run(Checkout.swiftlet, arguments, environment: ["SWIFTLET_HOST": host.url])
                    #expect(result.status == 1 && result.out.isEmpty, "\(arguments)")
                    for word in words { #expect(result.err.contains(word), "\(arguments): \(result.err)") }
                }
                try await host.must("image", "load", archive, "--name", "hello:1")
                try await host.must("function", "create", "hello", "--image", "hello:1")
                let twice = try await host.swiftlet("function", "create", "hello", "--image", "hello:1")
                #expect(twice.status == 1 && twice.err.contains("FunctionAlreadyExists"))
                let used = try await host.swiftlet("image", "remove", "hello:1")
                #expect(used.status == 1 && used.err.contains("ImageInUse") && used.err.contains("hello"))
                try await host.must("function", "delete", "hello")
                try await host.must("image", "remove", "hello:1")
                #expect(try await host.must("image", "list").split(separator: "\n").count == 1)
            }
        }

        @Test("an archive comes as a file, as an unpacked layout, or by a pipe") func loadsEveryWay() async throws {
            try await RunningHost.with { host in
                let archive = try await SampleImages.shared.hello()
                let layout = "\(host.state).layout"
                try FileManager.default.createDirectory(atPath: layout, withIntermediateDirectories: true)
                defer { do { try FileManager.default.removeItem(atPath: layout) } catch { Issue.record(error) } }
                #expect(try await run("/usr/bin/tar", ["-xf", archive, "-C", layout]).status == 0)
                let file = try await host.must("image", "load", archive, "--name", "a:1").split(separator: " ").last
                let folder = try await host.must("image", "load", layout, "--name", "b:1").split(separator: " ").last
                let bytes = try #require(FileManager.default.contents(atPath: archive))
                let piped = try await run(
                    Checkout.swiftlet, ["image", "load", "-", "--name", "c:1"], environment: ["SWIFTLET_HOST": host.url], input: bytes)
                #expect(piped.status == 0 && file == folder && file == piped.out.split(separator: " ").last)
                #expect(piped.err.contains("layer 1 of 1"), "\(piped.err)")
            }
        }
    }
}
