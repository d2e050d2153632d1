// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import LauncherClient
import Sandbox
import Testing

extension SandboxOnThisKernel {
    /// Everything that an instance can use up has an end.
    @Suite(.serialized) struct LimitTests {
        /// What is written in an instance lies in these and nowhere else: all other file systems are read-only.
        @Test func everythingThatCanBeWrittenIsBoundedInBytesAndFiles() async throws {
            let host = try LauncherFixture()
            let mounts = try await host.output(["cat", "/proc/self/mounts"]).split(separator: "\n").map { $0.split(separator: " ") }
            let writable = mounts.filter { $0[3].split(separator: ",").contains("rw") && !$0[1].hasPrefix("/proc/") }
            #expect(Set(writable.map { $0[1] }) == ["/proc", "/dev/pts", "/dev/shm", "/tmp"])
            for mount in writable where mount[2] == "tmpfs" {
                #expect(mount[3].contains("size=") && mount[3].contains("nr_inodes="), "\(mount)")
            }
        }

        @Test(
            "files stop at the limit, of bytes and of files",
            arguments: [
                (["fill", "/tmp"], "/tmp: 16 blocks, ENOSPC\n"), (["fill-with-files", "/tmp"], "/tmp: 1023 files, ENOSPC\n"),
                (["fill", "/dev/shm"], "/dev/shm: 1024 blocks, ENOSPC\n"),
                (["fill-with-files", "/dev/shm"], "/dev/shm: 65535 files, ENOSPC\n"),
            ])
        func files(_ arguments: [String], _ expected: String) async throws {
            let host = try LauncherFixture()
            // The memory of /dev/shm and of its files is the instance's own.
            #expect(try await host.output(arguments) { $0.limits.memory = 256 << 20 } == expected)
        }

        @Test func whatIsWrittenCountsAgainstTheMemoryOfTheInstance() async throws {
            let host = try LauncherFixture()
            let end = try await host.start(["fill", "/dev/shm"], { $0.limits.memory = 32 << 20 }).end()
            #expect(end == .exited(.outOfMemory))
        }

        /// On v2 the kernel sees to that, on v1 the launcher, from when it limits the processors.
        @Test func whereOneProcessIsKilledForItsMemoryTheInstanceEnds() async throws {
            let host = try LauncherFixture()
            let instance = host.start(["serve-until-memory", "9000"]) {
                $0.limits = InstanceLimits(memory: 32 << 20, milliCPU: 300, temporary: 1 << 20)
            }
            try await instance.listening()
            try Self.awaitQuota(of: instance, on: host)
            let descriptors = try await instance.started()
            try connectSocket(descriptors[2], port: 9000)
            #expect(try await instance.end() == .exited(.outOfMemory))
            #expect(try host.remains() == [])
        }

        /// The machine has some thousands of terminals for all.
        @Test func terminalsStopAtTheLimit() async throws {
            let host = try LauncherFixture()
            #expect(try await host.output(["open-terminals"]) == "terminals: 64, ENOSPC\n")
        }

        @Test func openFilesAndCoreDumpsAreLimited() async throws {
            let host = try LauncherFixture()
            let seen = try await host.output(["calls"]) { $0.limits.openFiles = 1000 }
            #expect(seen.contains("\nfiles=1000\ncore=0\n"), "\(seen)")
        }

        /// As the kernel has them, on v1 or v2. How they bite is tested beside this.
        @Test func everyLimitStandsInTheCgroupsOfTheInstance() async throws {
            let host = try LauncherFixture()
            let instance = host.start(["serve", "9000"]) {
                $0.limits = InstanceLimits(memory: 48 << 20, milliCPU: 300, temporary: 1 << 20)
                $0.limits.processes = 77
            }
            try await instance.listening()
            func value(_ name: String) -> String? { Self.value(name, of: instance, on: host) }
            let memory = "\(48 << 20)"
            #expect(value("memory.limit_in_bytes") ?? value("memory.max") == memory)
            // Nil where the kernel does not account swap.
            #expect([memory, nil].contains(value("memory.memsw.limit_in_bytes")) && ["0", nil].contains(value("memory.swap.max")))
            #expect(["1", nil].contains(value("memory.oom.group")))
            #expect(value("pids.max") == "78")
            try Self.awaitQuota(of: instance, on: host)
        }

        /// What a file of an instance's cgroups says, in whatever hierarchy it is.
        private static func value(_ name: String, of instance: RunningInstance, on host: LauncherFixture) -> String? {
            let folders = host.cgroups(of: instance.spec).map { $0 + "/" }
            let texts = folders.compactMap { try? String(contentsOfFile: $0 + name, encoding: .utf8) }
            return texts.first?.trimmingCharacters(in: .newlines)
        }

        /// A moment after it listens an instance of 0.3 processors has its limit of 30 ms in each 100.
        private static func awaitQuota(of instance: RunningInstance, on host: LauncherFixture) throws {
            let (wanted, deadline) = (["30000", "30000 100000"], Date().addingTimeInterval(60))
            var quota: String?
            repeat {
                usleep(1000)
                quota = value("cpu.cfs_quota_us", of: instance, on: host) ?? value("cpu.max", of: instance, on: host)
            } while !wanted.contains(quota ?? "") && Date() < deadline
            #expect(wanted.contains(quota ?? ""))
        }
    }
}
