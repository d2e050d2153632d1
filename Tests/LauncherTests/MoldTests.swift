// SPDX-License-Identifier: Apache-2.0
import Foundation
import LauncherClient
import LinuxSystem
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

        /// What process 1 of an instance keeps for as long as it lives.
        @Test func itLiesInOnePieceInAnUnchangeableCopyAndSoDoesProcess1() async throws {
            let host = try LauncherFixture()
            let instance = host.start(["serve", "9000"])
            try await instance.listening()
            let mold = try mold(of: host)
            for process in [mold] + host.processes(in: "c-").filter({ name(of: $0) == "init" }) {
                let file = try #require(try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/exe"))
                #expect(file.hasPrefix("/memfd:swiftlet-mold"))
                let copy = try openAt(currentDirectory, "/proc/\(process)/exe", flags: O_RDONLY)
                let isSealed = MemoryFile.isSealed(copy)
                #expect(isSealed)
                let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
                let tables = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmPTE:") })
                // One for the program with its stack, one for its heap, and one on each level above them.
                #expect(tables.filter(\.isNumber) == "16", "\(process): \(tables)")
                let command = try String(contentsOfFile: "/proc/\(process)/cmdline", encoding: .utf8)
                let environment = try String(contentsOfFile: "/proc/\(process)/environ", encoding: .utf8)
                #expect(command.isEmpty && environment.isEmpty)
            }
            host.client.stop(instance.spec.id, grace: .zero)
            _ = try await instance.end()
        }

        private func name(of process: pid_t) -> String {
            ((try? String(contentsOfFile: "/proc/\(process)/comm", encoding: .utf8)) ?? "").trimmingCharacters(in: .newlines)
        }

        @Test func withoutItTheLauncherSaysSoAndDoesNotStart() throws {
            let folder = "/tmp/swiftlet-test-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            try FileManager.default.copyItem(atPath: LauncherFixture.programs + "/swiftlet-launcher", toPath: folder + "/swiftlet-launcher")
            let process = Process()
            let errors = Foundation.Pipe()
            process.executableURL = URL(fileURLWithPath: folder + "/swiftlet-launcher")
            process.arguments = ["--state-dir", folder + "/state", "--", "/bin/true"]
            process.standardError = errors
            try process.run()
            process.waitUntilExit()
            #expect(process.terminationStatus == 1)
            let words = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            #expect(words == "swiftlet-launcher: swiftlet-mold is missing beside swiftlet-launcher: nothing can be started without it\n")
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
