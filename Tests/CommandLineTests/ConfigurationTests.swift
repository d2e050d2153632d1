// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import swiftlet

@Suite struct ConfigurationTests {
    static let configuration = HostConfiguration(options: [
        .init("listen"), .init("state-dir"), .init("verbose", isFlag: true), .init("allow", isRepeating: true),
    ])

    @Test("the file's options become the words of the command line, and know where they stand") func fileBecomesWords() throws {
        let text = "# a host\nlisten: 127.0.0.1:9090\nverbose: yes\nallow: [one, two]\n"
        let sources = try Self.configuration.file(text, path: "/etc/c.yaml")
        #expect(sources.flatMap(\.words) == ["--listen", "127.0.0.1:9090", "--verbose", "--allow", "one", "--allow", "two"])
        #expect(sources.first?.origin == "listen in /etc/c.yaml, line 2")
        #expect(try Self.configuration.file("", path: "x").isEmpty)
        #expect(try Self.configuration.file("# nothing yet\n", path: "x").isEmpty)
    }

    @Test("an unknown key is refused with its line and the nearest name") func unknownKeysAreRefused() {
        func error(_ text: String) -> String {
            do throws(ConfigurationError) { return "\(try Self.configuration.file(text, path: "c.yaml"))" } catch {
                return error.description
            }
        }
        #expect(error("listn: x") == "c.yaml, line 1: there is no option 'listn'; did you mean 'listen'?")
        #expect(error("state_dir: x").contains("did you mean 'state-dir'?"))
        #expect(error("completely-else: x").contains("there are allow, listen, state-dir, verbose"))
        #expect(error("listen: a\nlisten: b").contains("twice") || error("listen: a\nlisten: b").contains("no YAML"))
        #expect(error("listen: [a, b]").contains("one value"))
        #expect(error("verbose: maybe").contains("true or false"))
        #expect(error("- a").contains("one a line"))
        #expect(error("listen: \"x").contains("no YAML"))
    }

    @Test("the environment names the same options in capitals") func environmentNamesThem() throws {
        let environment = [
            "SWIFTLET_STATE_DIR": "/srv", "SWIFTLET_VERBOSE": "false", "SWIFTLET_ALLOW": "a, b", "SWIFTLET_HOST": "http://x",
        ]
        let sources = try Self.configuration.environment(environment)
        #expect(sources.flatMap(\.words) == ["--state-dir", "/srv", "--allow", "a", "--allow", "b"])
    }

    @Test("an error names the place that the value stands in") func errorsNameTheirPlace() throws {
        let path = "/tmp/swiftlet-configuration-\(UInt32.random(in: 0...UInt32.max)).yaml"
        try Data("log-level: debug\nmax-instances: 0\n".utf8).write(to: URL(fileURLWithPath: path))
        defer { unlink(path) }
        let inFile = try CommandLineProgram.run(["serve", "--config", path])
        #expect(inFile.status == 1 && inFile.err.contains("max-instances in \(path), line 2"), "\(inFile.err)")
        #expect(inFile.err.contains("1 to 100000"), "\(inFile.err)")
        let variable = try CommandLineProgram.run(["serve"], environment: ["SWIFTLET_LISTEN": "nowhere"])
        #expect(variable.status == 1 && variable.err.contains("SWIFTLET_LISTEN") && variable.err.contains("nowhere"), "\(variable.err)")
        let missing = try CommandLineProgram.run(["serve"], environment: ["SWIFTLET_CONFIG": "/no/such.yaml"])
        #expect(missing.status == 1 && missing.err.contains("/no/such.yaml"), "\(missing.err)")
    }

    @Test("distance counts letters put in, taken out and changed") func distance() {
        for (left, right, distance) in [("listen", "listen", 0), ("listn", "listen", 1), ("state_dir", "state-dir", 1), ("", "abc", 3)] {
            #expect(editDistance(left, right) == distance)
        }
    }
}
