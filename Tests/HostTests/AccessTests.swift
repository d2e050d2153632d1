// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

extension HostTests {
    /// Keys and roles through the real command line.
    @Suite struct AccessTests {
        @Test("from the first key on every request is signed, and a function acts in its role") func keys() async throws {
            try await RunningHost.with { host in
                #expect(host.printed.contains("there is no access key"))
                try await host.must("image", "load", try await SampleImages.shared.fileServer(), "--name", "files:1")
                try await host.must("function", "create", "f", "--image", "files:1")
                #expect(try await host.swiftlet("key", "create", "--allow", "invoke").err.contains("first key"))
                let operatorKey = Self.environment(try await host.must("key", "create"))
                #expect(try await host.swiftlet("function", "list").err.contains("MissingRequiredHeader"))
                #expect(try await host.swiftlet("invoke", "f", "--data", "/etc/hostname").err.contains("MissingRequiredHeader"))
                #expect(try await host.curl("\(host.url)/http/f/").out.contains("MissingRequiredHeader"))
                #expect(try await host.signed(operatorKey, "invoke", "f", "--data", "/none").out == "none\n")
                // An event without a byte is complete with its head.
                #expect(try await host.signed(operatorKey, "invoke", "f").status == 0)
                #expect(try await host.signed(operatorKey, "logs", "f").status == 0)
                let second = "\(host.state)-second.tar"
                try FileManager.default.copyItem(atPath: try await SampleImages.shared.hello(), toPath: second)
                defer { try? FileManager.default.removeItem(atPath: second) }
                #expect(try await host.signed(operatorKey, "image", "load", second, "--name", "hello:2").status == 0)

                let caller = Self.environment(
                    try await host.signed(operatorKey, "key", "create", "--allow", "invoke", "--function", "f*").out)
                #expect(try await host.signed(caller, "invoke", "f", "--data", "/none").status == 0)
                #expect(try await host.signed(caller, "function", "get", "f").err.contains("AccessDenied"))
                #expect(try await host.curl("-u", "x:y", "\(host.url)/metrics").out.contains("InvalidAccessKeyID"))
                let user = "\(operatorKey["SWIFTLET_ACCESS_KEY_ID"] ?? ""):\(operatorKey["SWIFTLET_ACCESS_KEY_SECRET"] ?? "")"
                #expect(try await host.curl("-u", user, "\(host.url)/metrics").out.contains("swiftlet_"))

                #expect(try await host.signed(operatorKey, "role", "put", "reader", "--allow", "read", "--function", "f").status == 0)
                let file =
                    "resources: {f: {component: fc3, props: {functionName: f, runtime: custom-container, role: 'acs:ram::1:role/reader'}}}"
                #expect(try await host.signed(operatorKey, "apply", "-f", "-", input: file).status == 0)
                let variables = try await host.signed(operatorKey, "invoke", "f", "--data", "/proc/self/environ").out.split(separator: "\0")
                func value(_ name: String) -> String {
                    variables.first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) } ?? ""
                }
                let role = [
                    "SWIFTLET_ACCESS_KEY_ID": value("ALIBABA_CLOUD_ACCESS_KEY_ID"),
                    "SWIFTLET_ACCESS_KEY_SECRET": value("ALIBABA_CLOUD_ACCESS_KEY_SECRET"),
                    "SWIFTLET_SECURITY_TOKEN": value("ALIBABA_CLOUD_SECURITY_TOKEN"),
                ]
                #expect(try await host.signed(role, "function", "get", "f").status == 0)
                #expect(try await host.signed(role, "function", "delete", "f").err.contains("AccessDenied"))
                let id = caller["SWIFTLET_ACCESS_KEY_ID"] ?? ""
                #expect(try await host.signed(operatorKey, "key", "revoke", id).status == 0)
                #expect(try await host.signed(caller, "invoke", "f").err.contains("InvalidAccessKeyID"))
            }
        }

        @Test("an asynchronous call has the credentials of the function's role, and they act in it") func asynchronous() async throws {
            try await RunningHost.with { host in
                try await host.must("image", "load", try await SampleImages.shared.moody(), "--name", "moody:1")
                try await host.must("role", "put", "reader", "--allow", "read", "--function", "f")
                try await host.must("function", "create", "f", "--image", "moody:1", "--role", "reader")
                try await host.must("async-config", "put", "f", "--retries", "0")
                let task = try await host.must("invoke", "f", "--async", "--data", "your head").split(separator: "\n")[0]
                try await host.settled("f")
                let letter = try await host.must("dlq", "show", "f", String(task))
                func field(_ name: String) -> String {
                    let line = letter.split(whereSeparator: \.isNewline).first { $0.contains("\(name): ") }
                    // A terminal is shown no carriage return, but what stands for one.
                    return line.map { String($0[($0.range(of: "\(name): ")?.upperBound ?? $0.startIndex)...]).replacing("\\x0d", with: "") }
                        ?? ""
                }
                let role = [
                    "SWIFTLET_ACCESS_KEY_ID": field("x-fc-access-key-id"), "SWIFTLET_ACCESS_KEY_SECRET": field("x-fc-access-key-secret"),
                    "SWIFTLET_SECURITY_TOKEN": field("x-fc-security-token"),
                ]
                #expect(role["SWIFTLET_ACCESS_KEY_ID"]?.hasPrefix("STS.") == true, "\(letter)")
                try await host.must("key", "create")
                #expect(try await host.signed([:], "function", "get", "f").err.contains("MissingRequiredHeader"))
                #expect(try await host.signed(role, "function", "get", "f").status == 0)
                #expect(try await host.signed(role, "function", "delete", "f").err.contains("AccessDenied"))
            }
        }

        @Test("a key for some functions reaches whatever is about them, and nothing that is about others") func limited() async throws {
            try await RunningHost.with { host in
                try await host.must("image", "load", try await SampleImages.shared.hello(), "--name", "hello:1")
                for name in ["mine", "other"] { try await host.must("function", "create", name, "--image", "hello:1") }
                let all = Self.environment(try await host.must("key", "create"))
                let key = Self.environment(
                    try await host.signed(
                        all, "key", "create", "--allow", "read", "--allow", "invoke", "--allow", "manage", "--function", "m*"
                    ).out)
                func verbs(_ name: String) -> [[String]] {
                    [
                        ["function", "get", name], ["version", "list", name], ["alias", "list", name], ["trigger", "list", name],
                        ["provision", "get", name], ["scaling", "get", name], ["concurrency", "get", name], ["async-config", "get", name],
                        ["task", "list", name], ["instance", "list", name], ["logs", name], ["invoke", name, "--async"],
                        ["function", "disable", name], ["function", "enable", name],
                    ]
                }
                for words in verbs("mine") {
                    let result = try await host.signed(key, words)
                    #expect(!result.err.contains("AccessDenied"), "\(words): \(result.err)")
                }
                for words in verbs("other") {
                    let result = try await host.signed(key, words)
                    #expect(result.status != 0 && result.err.contains("AccessDenied"), "\(words): \(result.out) \(result.err)")
                }
            }
        }

        @Test("on an address that others reach a host without keys does not start") func far() async throws {
            let secure = ["--listen", "127.0.0.1:0", "--listen-tls", "0.0.0.0:0", "--tls-certificate", "none.pem", "--tls-key", "none.key"]
            for addresses in [["--listen", "0.0.0.0:0"], ["--listen", "127.0.0.1:0", "--api-listen", "0.0.0.0:0"], secure] {
                let state = "/tmp/swiftlet-host-\(UInt32.random(in: 0...UInt32.max))"
                let result = try await run(Checkout.swiftlet, ["serve"] + addresses + ["--state-dir", state])
                #expect(result.status != 0 && result.err.contains("no access key") && result.err.contains("--insecure"), "\(result.err)")
                await Leftovers.expectNone(of: state)
                try FileManager.default.removeItem(atPath: state)
            }
        }

        /// `export NAME=VALUE` lines.
        static func environment(_ text: String) -> [String: String] {
            var variables: [String: String] = [:]
            for line in text.split(separator: "\n") {
                let parts = line.dropFirst("export ".count).split(separator: "=", maxSplits: 1).map(String.init)
                if parts.count == 2 { variables[parts[0]] = parts[1] }
            }
            return variables
        }
    }
}

extension RunningHost {
    func signed(_ key: [String: String], _ arguments: String..., input: String = "") async throws -> ProgramResult {
        try await signed(key, arguments, input: input)
    }

    func signed(_ key: [String: String], _ arguments: [String], input: String = "") async throws -> ProgramResult {
        try await run(Checkout.swiftlet, arguments, environment: key.merging(["SWIFTLET_HOST": url]) { $1 }, input: Data(input.utf8))
    }
}
