// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import swiftlet

@Suite struct FunctionAnswerTests {
    private func text(_ json: String) throws -> String { try JSONDecoder().decode(FunctionAnswer.self, from: Data(json.utf8)).text }

    @Test("what a function may reach and call is shown in words") func showsTheSandbox() throws {
        let shown = try text(
            """
            {"functionName":"f","internetAccess":true,
             "customDNS":{"nameServers":["192.0.2.53","192.0.2.54"],"searches":["inner.example"],"dnsOptions":[{"name":"ndots","value":"2"},{"name":"rotate"}]},
             "customContainerConfig":{"image":"a:1","seccompProfile":"strict","capabilities":["CHOWN","SETUID"]}}
            """)
        let rows = shown.split(separator: "\n").map { $0.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ") }
        for row in [
            "Internet access yes", "Name servers 192.0.2.53 192.0.2.54", "Searches inner.example", "DNS options ndots:2 rotate",
            "System calls strict profile", "Capabilities CHOWN SETUID",
        ] { #expect(rows.contains(row), "\(shown)") }
    }

    @Test("what a function does not say is not shown") func leavesOut() throws {
        let shown = try text(#"{"functionName":"f","customContainerConfig":{"image":"a:1"}}"#)
        for name in ["Internet", "servers", "Searches", "DNS", "System calls", "Capabilities"] { #expect(!shown.contains(name)) }
        #expect(try text(#"{"functionName":"f","internetAccess":false}"#).contains("no\n"))
    }
}
