// SPDX-License-Identifier: Apache-2.0
import Foundation
import LauncherClient
import Sandbox
import Testing

extension SandboxOnThisKernel {
    /// The process that instances are cloned from.
    @Suite(.serialized) struct MoldTests {
        func mold(of host: LauncherFixture) throws -> pid_t {
            let children = try String(contentsOfFile: "/proc/\(host.process)/task/\(host.process)/children", encoding: .utf8)
            return try #require(
                children.split(separator: " ").compactMap { pid_t($0) }.first {
                    (try? String(contentsOfFile: "/proc/\($0)/comm", encoding: .utf8)) == "swiftlet-mold\n"
                })
        }

        @Test func itHasNoMountOfTheHostAndCanGiveNoMoreThanAnInstanceMayHave() async throws {
            let host = try LauncherFixture()
            #expect(try await host.output(["cwd"]) == "/\n")
            let mold = try mold(of: host)
            let mounts = try String(contentsOfFile: "/proc/\(mold)/mountinfo", encoding: .utf8).split(separator: "\n")
            #expect(mounts.count == 1 && mounts.first?.contains("/run / ") == true, "\(mounts)")
            let status = try String(contentsOfFile: "/proc/\(mold)/status", encoding: .utf8)
            let bound = try #require(status.split(separator: "\n").first { $0.hasPrefix("CapBnd:") })
            #expect(UInt64(bound.dropFirst(8), radix: 16) == UInt64(InstanceCapabilities.all.rawValue))
        }

        @Test func whenItIsKilledTheLauncherEndsAndEveryInstanceWithIt() async throws {
            let host = try LauncherFixture()
            let instance = host.start(["serve", "9000"])
            try await instance.listening()
            kill(try mold(of: host), SIGKILL)
            #expect(try await instance.end() == .exited(.signaled(SIGKILL)))
            let next = try LauncherFixture(folder: host.folder)
            #expect(try await next.output(["cwd"]) == "/\n")
            #expect(try next.remains() == [])
        }
    }
}
