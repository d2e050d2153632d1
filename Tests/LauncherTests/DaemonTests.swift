// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import LinuxSystem
import Sandbox
import Testing

extension SandboxOnThisKernel {
    /// The launcher starts a daemon of its own; here that is a shell.
    @Suite(.serialized) struct DaemonTests {
        /// Below a folder that only root can enter, as `mktemp -d` makes them.
        let closed: String
        var folder: String { closed + "/deeper/state" }

        init() throws {
            closed = "/tmp/swiftlet-daemon-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
            try FileManager.default.createDirectory(
                atPath: closed, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        }

        func launch(_ script: String) throws -> pid_t {
            try LauncherFixture.spawn(
                [LauncherFixture.programs + "/swiftlet-launcher", "--state-dir", folder, "--user", "nobody", "--", "/bin/sh", "-c", script])
        }

        func status(_ pid: pid_t) -> CInt {
            var status: CInt = 0
            waitpid(pid, &status, 0)
            return status >> 8
        }

        func waitFor(_ path: String, seconds: Double = 60) throws -> String {
            let deadline = Date().addingTimeInterval(seconds)
            while Date() < deadline {
                if let text = try? String(contentsOfFile: path, encoding: .utf8), text.hasSuffix("\n") { return text }
                usleep(1000)
            }
            throw RunningInstance.TooLate(description: "\(path) did not appear")
        }

        @Test func theDaemonIsAnOrdinaryUserThatSeesOnlyItsDataAndItsStatusIsTheHosts() throws {
            let pid = try launch(
                "cd \(folder)/data && { id -u; grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status; ls -A \(folder); ls -A \(closed); "
                    + "echo fd=$SWIFTLET_LAUNCHER_FD; ls /proc/$$/fd | tr '\\n' ' '; cat /proc/net/dev | wc -l; } > seen 2>&1; exit 7")
            #expect(status(pid) == 7)
            let seen = try String(contentsOfFile: folder + "/data/seen", encoding: .utf8)
            let networks = try String(contentsOfFile: "/proc/net/dev", encoding: .utf8).split(separator: "\n").count
            let zeros = "0000000000000000"
            #expect(seen.hasPrefix("65534\nCapEff:\t\(zeros)\nCapBnd:\t\(zeros)\nNoNewPrivs:\t1\ndata\ndeeper\nfd=3\n"), "\(seen)")
            #expect(seen.contains(" 3 ") && seen.hasSuffix("\(networks)\n"), "\(seen)")
            #expect(LauncherFixture.cgroupFolders(of: folder) == [])
            try FileManager.default.removeItem(atPath: closed)
        }

        /// Where each session has a share of its own, that is raised too. What it starts itself is its own affair.
        @Test func itGetsMoreOfTheProcessorsThanOneOfItsInstances() throws {
            let pid = try launch("{ nice; cat /proc/self/autogroup; } > \(folder)/data/seen 2> /dev/null; exit 0")
            #expect(status(pid) == 0)
            let seen = try String(contentsOfFile: folder + "/data/seen", encoding: .utf8).split(separator: "\n")
            #expect(seen.first == "-4")
            let hasShares = try? String(contentsOfFile: "/proc/sys/kernel/sched_autogroup_enabled", encoding: .utf8)
            if hasShares == "1\n" { #expect(seen.last?.hasSuffix(" nice -4") == true, "\(seen)") }
            try FileManager.default.removeItem(atPath: closed)
        }

        /// A request may have 131,072 bytes of arguments and variables, whatever the host gives sockets of itself.
        @Test func itsSocketTakesTheLargestMessage() throws {
            let pid = try launch("echo $$ > \(folder)/data/up; while :; do sleep 0.01; done")
            let daemon = try #require(pid_t(try waitFor(folder + "/data/up").dropLast()))
            let socket = try descriptor(3, of: daemon)
            var (size, length) = (CInt(0), socklen_t(4))
            #expect(getsockopt(socket.number, SOL_SOCKET, SO_SNDBUF, &size, &length) == 0)
            #expect(size == 2 * WireBounds.message)
            kill(pid, SIGTERM)
            _ = status(pid)
            try FileManager.default.removeItem(atPath: closed)
        }

        @Test func termIsForwardedAndTheHostEndsWithTheDaemonsStatus() throws {
            let pid = try launch("trap 'exit 5' TERM; echo up > \(folder)/data/up; while :; do sleep 0.01; done")
            _ = try waitFor(folder + "/data/up")
            kill(pid, SIGTERM)
            #expect(status(pid) == 5)
            try FileManager.default.removeItem(atPath: closed)
        }

        @Test func aKilledDaemonIsStartedAnewAndDiesWithTheLauncher() throws {
            let pid = try launch("echo $$ > \(folder)/data/pid-$$; while :; do sleep 0.01; done")
            func daemons() throws -> [String] {
                (try? FileManager.default.contentsOfDirectory(atPath: folder + "/data").filter { $0.hasPrefix("pid-") }) ?? []
            }
            func wait(for count: Int) throws {
                let deadline = Date().addingTimeInterval(60)
                while try daemons().count < count, Date() < deadline { usleep(1000) }
                #expect(try daemons().count == count)
            }
            try wait(for: 1)
            let first = pid_t(try daemons()[0].dropFirst(4))!
            kill(first, SIGKILL)
            try wait(for: 2)
            let second = pid_t(try daemons().first { $0 != "pid-\(first)" }!.dropFirst(4))!
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
            let deadline = Date().addingTimeInterval(60)
            while let text = try? String(contentsOfFile: "/proc/\(second)/stat", encoding: .utf8), !text.contains(") Z"), Date() < deadline
            {
                usleep(1000)
            }
            #expect(Date() < deadline)
            // No launcher starts on this folder again, to remove what the killed one left.
            for cgroup in LauncherFixture.cgroupFolders(of: folder) {
                // A process that has ended is counted until its new parent has reaped it.
                for name in try FileManager.default.contentsOfDirectory(atPath: cgroup) where name.hasPrefix("blank-") {
                    while rmdir("\(cgroup)/\(name)") != 0, errno == EBUSY, Date() < deadline { usleep(1000) }
                }
                while rmdir(cgroup) != 0, errno == EBUSY, Date() < deadline { usleep(1000) }
                #expect(access(cgroup, F_OK) != 0, "\(cgroup) is busy")
            }
            try FileManager.default.removeItem(atPath: closed)
        }
    }
}
