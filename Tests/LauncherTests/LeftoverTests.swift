// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import LauncherClient
import Sandbox
import Testing

extension SandboxOnThisKernel {
    @Suite(.serialized) struct LeftoverTests {
        /// Processes in the cgroups of a host, and their network namespaces.
        func processes(_ folder: String) -> (ids: Set<String>, networks: Set<String>) {
            var ids: Set<String> = []
            for path in LauncherFixture.cgroupFolders(of: folder) {
                for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] where name.hasPrefix("c-") {
                    let text = (try? String(contentsOfFile: "\(path)/\(name)/cgroup.procs", encoding: .utf8)) ?? ""
                    ids.formUnion(text.split(separator: "\n").map(String.init))
                }
            }
            return (ids, Set(ids.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\($0)/ns/net") }))
        }

        /// A zombie counts as gone: reaping it is the business of whoever adopted it.
        func isGone(_ id: String) -> Bool {
            guard let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8) else { return true }
            return text.split(separator: ")").last?.hasPrefix(" Z") ?? true
        }

        func networksAlive() throws -> Set<String> {
            let ids = try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { Int($0) != nil }
            return Set(ids.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\($0)/ns/net") })
        }

        @Test func afterKillNineOfTheLauncherNothingIsLeft() async throws {
            let host = try LauncherFixture()
            let instances = (0..<5).map { _ in host.start(["fork-serve", "9000"]) }
            for instance in instances { try await instance.listening() }
            let before = processes(host.folder)
            #expect(before.ids.count == 15)
            #expect(before.networks.count == 5)
            kill(host.process, SIGKILL)
            for instance in instances { #expect(try await instance.end() == .exited(.signaled(SIGKILL))) }
            let late = host.start(["exit", "0"])
            #expect(try await late.end() == .failed("the launcher has gone away"))

            try FileManager.default.createDirectory(atPath: host.folder + "/layers/.tmp-7/deep/er", withIntermediateDirectories: true)
            let next = try LauncherFixture(folder: host.folder)
            #expect(try await next.output(["cwd"]) == "/\n")
            #expect(try next.remains() == [])
            #expect(before.ids.allSatisfy(isGone))
            #expect(try networksAlive().isDisjoint(with: before.networks))
            let deadline = Date().addingTimeInterval(5)
            while try FileManager.default.contentsOfDirectory(atPath: host.folder + "/layers/.trash") != [], Date() < deadline {
                usleep(1000)
            }
            #expect(try Set(FileManager.default.contentsOfDirectory(atPath: host.folder + "/layers")) == [".trash", host.layer.hex])
            #expect(try FileManager.default.contentsOfDirectory(atPath: host.folder + "/layers/.trash") == [])
        }

        @Test func whenTheClientGoesEveryInstanceEndsAndTheCgroupsGo() async throws {
            let folder = "/tmp/swiftlet-test-\(getpid())-client"
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let process: pid_t
            do {
                let host = try LauncherFixture(folder: folder)
                try await host.start(["serve", "9000"]).listening()
                process = host.process
            }  // The fixture's end closes the socket and ends the launcher.
            #expect(kill(process, 0) != 0)
            #expect(LauncherFixture.cgroupFolders(of: folder) == [])
        }

        @Test func aSecondHostOnTheSameFolderIsRefused() async throws {
            let host = try LauncherFixture()
            #expect(try await host.output(["cwd"]) == "/\n")
            let pid = try LauncherFixture.spawn(
                [LauncherFixture.programs + "/swiftlet-launcher", "--state-dir", host.folder, "--", "/bin/true"])
            var status: CInt = 0
            waitpid(pid, &status, 0)
            #expect(status == 1 << 8)
            #expect(try await host.output(["cwd"]) == "/\n")
        }
    }
}
