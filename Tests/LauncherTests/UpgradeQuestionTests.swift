// SPDX-License-Identifier: Apache-2.0
import Foundation
import Sandbox
import Testing

extension SandboxOnThisKernel {
    /// Who is to be the next daemon is asked first which messages it speaks with its launcher.
    @Suite struct UpgradeQuestionTests {
        private let folder = "/tmp/swiftlet-upgrade-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        private var program: String { folder + "/daemon" }
        private var started: String { folder + "/state/data/started" }

        /// Puts another program in the daemon's place, as an upgrade does.
        private func place(version: UInt32, fails: Bool = false) throws {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Fixtures/daemon.c"
            let flags = ["-static", "-w", "-DVERSION=\(version)", "-DFAILS=\(fails ? 1 : 0)", "-o", program + ".new", source]
            try #require(LauncherFixture.run("/usr/bin/gcc", flags) == 0)
            try #require(rename(program + ".new", program) == 0)
        }

        private func lines() -> [Substring] {
            ((try? String(contentsOfFile: started, encoding: .utf8)) ?? "").split(separator: "\n")
        }

        private func log() -> String { (try? String(contentsOfFile: folder + "/log", encoding: .utf8)) ?? "" }

        private func wait(_ condition: () -> Bool) throws {
            let deadline = Date().addingTimeInterval(60)
            while !condition(), Date() < deadline { usleep(1000) }
            try #require(condition(), "\(lines()) \(log())")
        }

        @Test func aProgramOfAnotherVersionIsRefusedAndTheDaemonThatRunsGoesOn() throws {
            let own = LauncherProtocol.version
            try place(version: own)
            let command =
                "exec \(LauncherFixture.programs)/swiftlet-launcher --state-dir \(folder)/state --user nobody --blanks 0 -- \(program) \(started)"
            let launcher = try LauncherFixture.spawn(["/bin/sh", "-c", command + " 2>\(folder)/log"])
            defer {
                kill(launcher, SIGKILL)
                waitpid(launcher, nil, 0)
                try? FileManager.default.removeItem(atPath: folder)
            }
            try wait { lines().count == 1 }
            #expect(lines()[0].hasSuffix(" \(own)"))
            let first = try #require(pid_t(lines()[0].split(separator: " ")[0]))

            try place(version: own + 1)
            kill(launcher, SIGUSR2)
            try wait { log().contains("no upgrade, and the daemon that runs goes on: ") }
            for words in ["speaks version \(own) ", "speaks version \(own + 1): ", "systemctl restart swiftlet"] {
                #expect(log().contains(words), "\(log())")
            }
            #expect(lines().count == 1 && kill(first, 0) == 0)

            try place(version: own)
            kill(launcher, SIGUSR2)
            try wait { lines().count == 2 }

            // It says the right version, and does not start: the former program comes back.
            try place(version: own, fails: true)
            kill(launcher, SIGUSR2)
            try wait { lines().count == 3 }
            #expect(log().contains("the former one goes on"))
            kill(launcher, SIGTERM)
            var status: CInt = 0
            waitpid(launcher, &status, 0)
            #expect(status >> 8 == 128 + SIGTERM)
        }
    }
}
