// SPDX-License-Identifier: Apache-2.0
import Foundation
import LauncherClient
import LinuxSystem
import Sandbox
import Testing

extension SandboxOnThisKernel {
    /// Sandboxes that are made before it is known for whom. `SWIFTLET_TEST_BLANKS=always` has all other tests run in them too.
    @Suite(.serialized) struct BlankTests {
        func isGone(_ process: pid_t) -> Bool {
            let deadline = Date().addingTimeInterval(10)
            while Date() < deadline {
                guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return true }
                if text.split(separator: ")").last?.hasPrefix(" Z") ?? true { return true }
                usleep(1000)
            }
            return false
        }

        /// What is open of the launcher's when it waits for its plan; it may be on its way yet.
        func openWhenItWaits(_ blank: pid_t) throws -> [String] {
            let deadline = Date().addingTimeInterval(10)
            while true {
                let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(blank)/fd").filter { Int($0) ?? 0 >= 16 }
                if open.isEmpty || Date() >= deadline { return open }
                usleep(1000)
            }
        }

        @Test func theSandboxThatWasReadyBecomesTheInstance() async throws {
            let host = try LauncherFixture(blanks: .always)
            let blank = try #require(host.awaitBlank())
            let instance = host.start(["serve", "9000"])
            try await instance.listening()
            let folder = try #require(host.cgroups(of: instance.spec).first)
            let processes = try String(contentsOfFile: folder + "/cgroup.procs", encoding: .utf8).split(separator: "\n")
            #expect(processes.contains("\(blank)") && processes.count == 2)
            #expect(try request(try await instance.started()[2], port: 9000).hasSuffix("hi\n"))
            host.client.stop(instance.spec.id, grace: .seconds(5))
            #expect(try await instance.end() == .exited(.signaled(SIGTERM)))
            #expect(isGone(blank))
            #expect(try host.remains() == [])
        }

        @Test func whatRunsInItIsHeldAsAnyOther() async throws {
            var texts: [String] = []
            for blanks in [LauncherFixture.Blanks.never, .always] {
                let host = try LauncherFixture(blanks: blanks)
                for arguments in [
                    ["calls", "status"], ["cat", "/proc/self/mountinfo"], ["cat", "/proc/self/limits"], ["cat", "/proc/self/cgroup"],
                ] {
                    texts.append(try await host.output(arguments))
                }
            }
            // The numbers of mounts, devices and ids are each one's own.
            let same = texts.map { text in
                text.replacing(/[ug]id=\d+/, with: "id=N").replacing(/(?m)^\d+ \d+ \d+:\d+\s/, with: "").replacing(/,size=\d+k/, with: "")
            }
            // What is mounted in what order depends on when its parts were made.
            for index in 0..<4 { #expect(same[index].split(separator: "\n").sorted() == same[index + 4].split(separator: "\n").sorted()) }
            #expect(texts[4].contains("fds=0 1 2"))
        }

        @Test func whileItIsNobodysItHasNothingOfTheHostAndTwoProcessesShareNothing() throws {
            let host = try LauncherFixture(blanks: .always)
            let blank = try #require(host.awaitBlank())
            func link(_ name: String, of process: String) throws -> String {
                try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/\(name)")
            }
            #expect(try openWhenItWaits(blank) == [])
            for name in ["mnt", "pid_for_children", "ipc", "uts", "cgroup"] {
                #expect(try link("ns/\(name)", of: "\(blank)") != link("ns/\(name)", of: "\(host.process)"), "\(name)")
            }
            // Low numbers hold what the launcher found there when it was started.
            let sockets = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(blank)/fd").filter {
                let socket = try link("fd/\($0)", of: "\(blank)")
                return socket.hasPrefix("socket:") && (try? link("fd/\($0)", of: "\(host.process)")) != socket
            }
            #expect(sockets == ["3"])
            let mounts = try String(contentsOfFile: "/proc/\(blank)/mountinfo", encoding: .utf8).split(separator: "\n")
            #expect(mounts.allSatisfy { $0.contains(" /frame/") || $0.contains("/run / ") }, "\(mounts)")
        }

        @Test func oneThatWasKilledIsNotUsed() async throws {
            let host = try LauncherFixture(blanks: .always)
            let blank = try #require(host.awaitBlank())
            kill(blank, SIGKILL)
            #expect(isGone(blank))
            let instance = RunningInstance(spec: host.spec(["cwd"]))
            host.client.start(instance.spec) { instance.add($0) }
            #expect(try await instance.end() == .exited(.exited(status: 0)))
            #expect(instance.readOutput() == "/\n")
            #expect(try host.remains() == [])
        }

        /// It ends between the look at it and the plan that it is given: stopped, with its end of the socket closed.
        @Test func oneThatTakesNoPlanIsDoneWithout() async throws {
            let host = try LauncherFixture(blanks: .always)
            let blank = try #require(host.awaitBlank())
            #expect(try openWhenItWaits(blank) == [])
            kill(blank, SIGSTOP)
            let socket = try openProcess(blank).takeDescriptor(3)
            #expect(shutdown(socket.number, CInt(SHUT_RDWR)) == 0)
            let instance = RunningInstance(spec: host.spec(["cwd"]))
            host.client.start(instance.spec) { instance.add($0) }
            #expect(try await instance.end() == .exited(.exited(status: 0)))
            #expect(instance.readOutput() == "/\n")
            #expect(isGone(blank))
            #expect(try host.remains() == [])
        }

        /// On v1, where it gets the instance's name: in one hierarchy that is taken.
        @Test func oneThatCannotGetTheNameLeavesNothingUnderIt() async throws {
            let host = try LauncherFixture(blanks: .always)
            _ = try #require(host.awaitBlank())
            let spec = host.spec(["cwd"])
            for folder in LauncherFixture.cgroupFolders(of: host.folder) {
                _ = try #require(host.awaitBlank())
                #expect(mkdir("\(folder)/\(spec.id)", 0o755) == 0)
                let instance = RunningInstance(spec: spec)
                host.client.start(spec) { instance.add($0) }
                _ = try await instance.end()
                rmdir("\(folder)/\(spec.id)")
                #expect(try host.remains() == [], "\(folder)")
            }
            let instance = RunningInstance(spec: spec)
            host.client.start(spec) { instance.add($0) }
            #expect(try await instance.end() == .exited(.exited(status: 0)))
        }

        @Test func asManyAreKeptAsAreWantedAndOneWhenNobodyComes() async throws {
            let host = try LauncherFixture(blanks: .always)
            var most = 0
            for _ in 0..<6 {
                let output = try await host.output(["cwd"])
                #expect(output == "/\n")
            }
            let deadline = Date().addingTimeInterval(60)
            // They are wanted for two seconds, in which a busy machine may not come to make them.
            while most < 4, Date() < deadline {
                for _ in 0..<4 { _ = try await host.output(["cwd"]) }
                let quiet = Date().addingTimeInterval(1.5)
                while most < 4, Date() < quiet {
                    most = max(most, host.processes(in: "blank-").count)
                    usleep(1000)
                }
            }
            #expect(most == 4)
            while host.processes(in: "blank-").count != 1, Date() < deadline.addingTimeInterval(60) { usleep(1000) }
            #expect(host.processes(in: "blank-").count == 1)
        }

        @Test func afterKillNineOfTheLauncherNothingOfThemIsLeft() async throws {
            let host = try LauncherFixture(blanks: .always)
            for _ in 0..<4 { _ = try await host.output(["cwd"]) }
            _ = try #require(host.awaitBlank())
            let blanks = host.processes(in: "blank-")
            kill(host.process, SIGKILL)
            #expect(blanks.allSatisfy(isGone))
            let next = try LauncherFixture(folder: host.folder, blanks: .never)
            #expect(try await next.output(["cwd"]) == "/\n")
            #expect(next.processes(in: "blank-") == [])
            for folder in LauncherFixture.cgroupFolders(of: host.folder) {
                #expect(try !FileManager.default.contentsOfDirectory(atPath: folder).contains { $0.hasPrefix("blank-") })
            }
            #expect(try next.remains() == [])
        }

        @Test func aStepThatFailsInOneIsToldByItsNumber() async throws {
            for blanks in [LauncherFixture.Blanks.never, .always] {
                let host = try LauncherFixture(blanks: blanks)
                let instance = host.start(["cwd"]) { $0.workingDirectory = "/missing" }
                guard case .failed(let words) = try await instance.end() else {
                    Issue.record("it started")
                    return
                }
                #expect(words.hasPrefix("enter the working directory /missing: ENOENT (step "), "\(words)")
                #expect(try host.remains() == [])
            }
        }
    }
}
