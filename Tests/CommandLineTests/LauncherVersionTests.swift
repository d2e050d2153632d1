// SPDX-License-Identifier: Apache-2.0
import Testing

@Suite struct LauncherVersionTests {
    /// One that does not say so is older than this program: its former daemon is to go on.
    @Test("a daemon whose launcher speaks another version ends at once, and says the way out", arguments: [nil, "1"])
    func refuses(_ told: String?) throws {
        let own = ["SWIFTLET_LAUNCHER_FD": "3"].merging(told.map { ["SWIFTLET_LAUNCHER_PROTOCOL": $0] } ?? [:]) { $1 }
        let result = try CommandLineProgram.run(["serve", "--state-dir", "/tmp/swiftlet-no-state"], environment: own)
        #expect(result.status == 1 && result.err.contains("systemctl restart swiftlet"), "\(result.err)")
        #expect(result.err.contains(told.map { "version \($0):" } ?? "a version before 2"), "\(result.err)")
    }

    @Test("the launcher can ask which version this program speaks; nobody else need know") func answers() throws {
        let result = try CommandLineProgram.run(["launcher-protocol"])
        #expect(result.status == 0 && UInt32(result.out.dropLast()) != nil && result.out.hasSuffix("\n"), "\(result.out)")
        #expect(try !CommandLineProgram.run(["--help"]).out.contains("launcher-protocol"))
    }
}
