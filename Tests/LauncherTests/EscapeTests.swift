// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import LauncherClient
import Sandbox
import Testing

extension SandboxOnThisKernel {
    /// Ways out that others had; each test is named after its CVE.
    @Suite(.serialized) struct EscapeTests {
        @Test("CVE-2019-14271: the launcher runs no library that an image could bring") func noLibraries() async throws {
            let host = try LauncherFixture { layer in
                try FileManager.default.createDirectory(atPath: "\(layer)/etc", withIntermediateDirectories: true)
                try "passwd: evil\n".write(toFile: "\(layer)/etc/nsswitch.conf", atomically: false, encoding: .utf8)
                try "web:x:33:33::/:/bin/sh\n".write(toFile: "\(layer)/etc/passwd", atomically: false, encoding: .utf8)
            }
            #expect(try await host.output(["cwd"]) { $0.user = "web" } == "/\n")
            let maps = try String(contentsOfFile: "/proc/\(host.process)/maps", encoding: .utf8)
            #expect(maps.contains("/memfd:swiftlet-launcher"))
            #expect(!maps.contains(".so"), "\(maps)")
        }

        @Test("CVE-2025-52881: what is written to /proc during a start goes to the instance's own") func ownProc() async throws {
            let host = try LauncherFixture { layer in
                for name in ["proc", "proc/self"] {
                    try FileManager.default.createDirectory(atPath: "\(layer)/\(name)", withIntermediateDirectories: true)
                }
                try "untouched".write(toFile: "\(layer)/proc/self/oom_score_adj", atomically: false, encoding: .utf8)
            }
            #expect(try await host.output(["cat", "/proc/self/oom_score_adj"]) == "500\n")
            let file = "\(host.folder)/layers/\(host.layer.hex)/proc/self/oom_score_adj"
            #expect(try String(contentsOfFile: file, encoding: .utf8) == "untouched")
        }

        @Test(
            "keys, kernel programs, rings and page faults of others are out of reach",
            arguments: ["keyctl", "bpf", "io_uring", "userfaultfd"])
        func kernelInterfaces(_ call: String) async throws {
            let host = try LauncherFixture()
            #expect(try await host.output(["calls"]).contains("\n\(call)=EPERM\n"))
        }
    }
}
