// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite struct HelpTests {
    static let verbs = [
        ["serve"], ["image", "load"], ["image", "list"], ["image", "inspect"], ["image", "remove"], ["image", "pack"],
        ["function", "create"],
        ["function", "update"], ["function", "get"], ["function", "list"], ["function", "delete"], ["version", "publish"],
        ["version", "list"], ["version", "delete"], ["alias", "create"], ["alias", "update"], ["alias", "get"], ["alias", "list"],
        ["alias", "history"], ["alias", "rollback"], ["alias", "delete"], ["invoke"], ["instance", "list"],
        ["logs"],
        ["bench", "cold"], ["function", "disable"], ["function", "enable"], ["trigger", "create"], ["trigger", "update"],
        ["trigger", "get"],
        ["trigger", "list"], ["trigger", "delete"], ["concurrency", "set"], ["concurrency", "get"], ["concurrency", "list"],
        ["concurrency", "delete"], ["provision", "set"], ["provision", "get"], ["provision", "list"], ["provision", "delete"],
        ["scaling", "set"], ["scaling", "get"], ["scaling", "list"], ["scaling", "delete"], ["domain", "create"], ["domain", "update"],
        ["domain", "get"], ["domain", "list"],
        ["domain", "delete"], ["tag", "add"], ["tag", "list"], ["tag", "remove"],
        ["layer", "publish"], ["layer", "list"], ["layer", "versions"], ["layer", "get"],
        ["layer", "delete"], ["object", "put"], ["object", "delete"], ["doctor"],
        ["task", "list"], ["task", "get"], ["task", "stop"], ["dlq", "list"], ["dlq", "show"], ["dlq", "redrive"], ["dlq", "purge"],
        ["async-config", "put"], ["async-config", "get"], ["async-config", "list"], ["async-config", "delete"],
        ["key", "create"], ["key", "list"], ["key", "revoke"], ["role", "put"], ["role", "list"], ["role", "delete"], ["apply"], ["export"],
    ]

    @Test("every verb's help has an example", arguments: verbs) func hasAnExample(_ verb: [String]) throws {
        let result = try CommandLineProgram.run(verb + ["--help"])
        #expect(result.status == 0)
        #expect(result.out.contains("Example"), "\(result.out)")
        #expect(result.out.contains("swiftlet \(verb.joined(separator: " "))"))
    }

    @Test("completions come for every shell", arguments: ["bash", "zsh", "fish"]) func completes(_ shell: String) throws {
        let result = try CommandLineProgram.run(["--generate-completion-script", shell])
        #expect(result.status == 0 && result.out.contains("invoke"))
    }

    @Test("each verb has a manual page, and none says what man cannot show") func hasManualPages() throws {
        let folder = "/tmp/swiftlet-manual-\(UInt32.random(in: 0...UInt32.max))"
        let result = try CommandLineProgram.run(["manual", "--output", folder])
        #expect(result.status == 0, "\(result.err)")
        for verb in Self.verbs {
            let page = try String(contentsOfFile: "\(folder)/swiftlet-\(verb.joined(separator: "-")).1", encoding: .utf8)
            #expect(page.hasPrefix(".TH ") && page.contains(".SH NAME") && page.contains(".SH OPTIONS"))
        }
        try FileManager.default.removeItem(atPath: folder)
    }

    @Test("a verb that the program starts for itself is not shown") func hidesTheBareSide() throws {
        #expect(try !CommandLineProgram.run(["--help"]).out.contains("bench-bare"))
    }

    @Test(
        "wrong words: exit 64, and stderr says which",
        arguments: [
            (["function", "create", "f"], "--image"), (["bench", "cold", "f", "--runs", "0"], "1 to 100000"), (["invoke"], "name"),
            (["serve", "--listen", "nowhere"], "nowhere"), (["serve", "--event-loops", "0"], "1 to 256"),
            (["serve", "--log-level", "loud"], "loud"),
            (["serve", "--image-limit", "speed=1"], "there are archive, members"),
            (["serve", "--image-limit", "depth=5000"], "from 1 to 2000"),
            (["serve", "--listen", "127.0.0.1:9", "--api-listen", "127.0.0.1:9"], "same address"),
            (["function", "create", "f", "--image", "i", "--env", "novalue"], "novalue"), (["frobnicate"], "frobnicate"),
            (["alias", "create", "f", "prod"], "--version"), (["alias", "update", "f", "prod", "--weight", "2"], "2"),
            (["invoke", "f", "--host", "ftp://x"], "ftp://x"), (["trigger", "create", "f", "t"], "--http"),
            (["tag", "remove", "f"], "--all"),
        ])
    func refuses(_ row: (arguments: [String], named: String)) throws {
        let result = try CommandLineProgram.run(row.arguments)
        #expect(result.status == 64)
        #expect(result.out.isEmpty && result.err.contains(row.named), "\(result.err)")
    }

    @Test(
        "no host: exit 1, and stderr says how to start one",
        arguments: [
            ["function", "list"], ["function", "create", "f", "--image", "i"], ["invoke", "f"], ["image", "list"], ["instance", "list"],
            ["logs", "f"],
            ["bench", "cold", "f"],
        ])
    func saysHowToStartAHost(_ verb: [String]) throws {
        // Port 1 of loopback: nothing listens there. The proxies would answer, were they asked.
        let proxies = ["http_proxy": "http://127.0.0.1:2", "HTTP_PROXY": "http://127.0.0.1:2", "all_proxy": "http://127.0.0.1:2"]
        let result = try CommandLineProgram.run(verb + ["--host", "http://127.0.0.1:1"], environment: proxies)
        #expect(result.status == 1 && result.out.isEmpty)
        #expect(result.err.contains("no host at http://127.0.0.1:1") && result.err.contains("swiftlet serve"), "\(result.err)")
    }

    @Test("SWIFTLET_HOST names the host, and --host goes before it") func findsTheHost() throws {
        let named = try CommandLineProgram.run(["image", "list"], environment: ["SWIFTLET_HOST": "127.0.0.1:3"])
        #expect(named.err.contains("no host at http://127.0.0.1:3"))
        let both = try CommandLineProgram.run(
            ["image", "list", "--host", "http://127.0.0.1:4/"], environment: ["SWIFTLET_HOST": "127.0.0.1:3"])
        #expect(both.err.contains("no host at http://127.0.0.1:4:"))
    }

    @Test("a file that is not there is named") func namesTheFile() throws {
        let load = try CommandLineProgram.run(["image", "load", "/no/such.tar"])
        #expect(load.status == 1 && load.err.contains("/no/such.tar") && load.err.contains("No such file"))
        let invoke = try CommandLineProgram.run(["invoke", "f", "--data", "@/no/such.json"])
        #expect(invoke.status == 1 && invoke.err.contains("/no/such.json"))
        let layout = try CommandLineProgram.run(["image", "load", "/proc/self/task"])
        #expect(layout.status == 1 && layout.err.contains("no OCI layout") && layout.err.contains("image pack"))
    }
}
