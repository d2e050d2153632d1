// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import LauncherClient
import Sandbox
import Synchronization
import Testing

extension SandboxOnThisKernel {
    @Suite(.serialized) struct ParkTests {
        /// What is told of a parked instance.
        final class Parking: Sendable {
            private let told = Mutex<[Bool]>([])
            func tell(_ isPrepared: Bool) { told.withLock { $0.append(isPrepared) } }

            func wait(for wanted: Bool) async throws {
                let deadline = Date().addingTimeInterval(60)
                while Date() < deadline {
                    if told.withLock({ $0.contains(wanted) }) { return }
                    try await Task.sleep(for: .milliseconds(1))
                }
                throw RunningInstance.TooLate(description: "parking told \(told.withLock { $0 }), not \(wanted)")
            }
        }

        func park(_ host: LauncherFixture, _ arguments: [String], reportsListen: Bool = true) async throws -> InstanceSpec {
            let spec = host.spec(arguments) { $0.reportsListen = reportsListen }
            let parking = Parking()
            host.client.park(spec) { parking.tell($0) }
            try await parking.wait(for: true)
            return spec
        }

        func start(_ host: LauncherFixture, _ spec: InstanceSpec) -> RunningInstance {
            let instance = RunningInstance(spec: spec)
            host.client.start(spec) { instance.add($0) }
            return instance
        }

        func processes(_ host: LauncherFixture) -> Set<String> {
            var ids: Set<String> = []
            for path in LauncherFixture.cgroupFolders(of: host.folder) {
                for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] where name.hasPrefix("c-") {
                    let text = (try? String(contentsOfFile: "\(path)/\(name)/cgroup.procs", encoding: .utf8)) ?? ""
                    ids.formUnion(text.split(separator: "\n").map(String.init))
                }
            }
            return ids
        }

        func areGone(_ ids: Set<String>) -> Bool {
            let deadline = Date().addingTimeInterval(10)
            while Date() < deadline {
                let alive = ids.filter { id in
                    guard let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8) else { return false }
                    return !(text.split(separator: ")").last?.hasPrefix(" Z") ?? true)
                }
                if alive.isEmpty { return true }
                usleep(1000)
            }
            return false
        }

        @Test func aParkedInstanceRunsItsProgramOnlyWhenItIsStarted() async throws {
            let host = try LauncherFixture()
            let spec = try await park(host, ["serve", "9000"])
            let before = processes(host)
            #expect(before.count == 2)
            for id in before { #expect(try !String(contentsOfFile: "/proc/\(id)/cmdline", encoding: .utf8).contains("probe")) }
            let instance = start(host, spec)
            try await instance.listening()
            #expect(try request(try await instance.started()[2], port: 9000).hasSuffix("hi\n"))
            host.client.stop(spec.id, grace: .seconds(5))
            #expect(try await instance.end() == .exited(.signaled(SIGTERM)))
            #expect(try host.remains() == [])
        }

        @Test func oneWhoseListenIsNotReportedListensAndIsLimitedWhenTheDaemonSaysSo() async throws {
            let host = try LauncherFixture()
            let spec = try await park(host, ["serve", "9000"], reportsListen: false)
            let instance = start(host, spec)
            #expect(try request(try await instance.started()[2], port: 9000).hasSuffix("hi\n"))
            #expect(!instance.all.contains { if case .listening = $0 { true } else { false } })
            host.client.listens(spec.id)
            // What follows it is answered after the launcher has dealt with it.
            #expect(try await host.output(["cwd"]) == "/\n")
            let quotas = host.cgroups(of: spec).flatMap { folder in
                ["cpu.cfs_quota_us", "cpu.max"].compactMap { try? String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8) }
            }
            #expect(quotas.map { $0.prefix(6) } == ["100000"])
            host.client.stop(spec.id, grace: .seconds(5))
            #expect(try await instance.end() == .exited(.signaled(SIGTERM)))
        }

        @Test(arguments: [true, false]) func aParkedInstanceIsHeldAsAnyOther(reportsListen: Bool) async throws {
            let host = try LauncherFixture()
            var texts: [String] = []
            for isParked in [false, true] {
                let arguments = ["calls", "status", "cat", "/proc/self/mounts"]
                let instance = isParked ? start(host, try await park(host, arguments, reportsListen: reportsListen)) : host.start(arguments)
                _ = try await instance.end()
                texts.append(instance.readOutput())
            }
            let shifted = texts.map { $0.replacing(/[ug]id=\d+/, with: "id=N").replacing(/,size=\d+k/, with: "") }
            // What is mounted in what order depends on when its parts were made.
            let lines = shifted.map { $0.split(separator: "\n").sorted() }
            #expect(lines[0] == lines[1])
            #expect(texts[1].contains("fds=0 1 2"))
        }

        @Test func aParkedInstanceThatIsNotWantedAnyMoreLeavesNothing() async throws {
            let host = try LauncherFixture()
            let spec = try await park(host, ["serve", "9000"])
            let ids = processes(host)
            host.client.stop(spec.id, grace: .zero)
            #expect(areGone(ids))
            // The next start is answered after the launcher has dealt with that.
            #expect(try await host.output(["cwd"]) == "/\n")
            #expect(try host.remains() == [])
        }

        /// The daemon starts what it had parked, and has not heard yet that it is gone: it comes as any other, under the id that its parking had.
        @Test(arguments: [LauncherFixture.Blanks.never, .always]) func oneThatEndedWhileItWasParkedIsStartedUnderTheSameID(
            blanks: LauncherFixture.Blanks
        ) async throws {
            let host = try LauncherFixture(blanks: blanks)
            let spec = host.spec(["cwd"]) { $0.owner = "hello/LATEST/1" }
            let parking = Parking()
            host.client.park(spec) { parking.tell($0) }
            try await parking.wait(for: true)
            for process in processes(host) { kill(try #require(pid_t(process)), SIGKILL) }
            try await parking.wait(for: false)
            if blanks == .always { _ = try #require(host.awaitBlank()) }
            // With other limits what it has left cannot be used again.
            var other = spec
            other.limits.memory *= 2
            let instance = start(host, other)
            #expect(try await instance.end() == .exited(.exited(status: 0)))
            #expect(instance.readOutput() == "/\n")
        }

        @Test func afterKillNineOfTheLauncherParkedInstancesAreGone() async throws {
            let host = try LauncherFixture()
            for _ in 0..<3 { _ = try await park(host, ["serve", "9000"]) }
            let ids = processes(host)
            #expect(ids.count == 6)
            kill(host.process, SIGKILL)
            #expect(areGone(ids))
            let next = try LauncherFixture(folder: host.folder)
            #expect(try await next.output(["cwd"]) == "/\n")
            #expect(try next.remains() == [])
        }

        /// It waits for its turn, is being made, or is ready when the launcher hears of it: each comes about with one of the pauses.
        @Test func oneThatIsStartedBeforeItIsPreparedRunsOnce() async throws {
            let host = try LauncherFixture()
            for pause in 0..<40 {
                let spec = host.spec(["serve", "9000"]) { $0.reportsListen = pause % 2 == 0 }
                host.client.park(spec) { _ in }
                usleep(UInt32(pause * 100))
                let instance = start(host, spec)
                #expect(try request(try await instance.started()[2], port: 9000).hasSuffix("hi\n"))
                #expect(processes(host).count == 2)
                host.client.stop(spec.id, grace: .seconds(5))
                #expect(try await instance.end() == .exited(.signaled(SIGTERM)))
                #expect(instance.all.filter { if case .started = $0 { true } else { false } }.count == 1)
            }
            #expect(try host.remains() == [])
        }

        @Test func aParkedInstanceWhoseProgramIsMissingFails() async throws {
            let host = try LauncherFixture()
            var spec = host.spec([])
            spec.arguments = ["missing"]
            let parking = Parking()
            host.client.park(spec) { parking.tell($0) }
            try await parking.wait(for: true)
            let instance = start(host, spec)
            guard case .failed(let words) = try await instance.end() else {
                Issue.record("it started")
                return
            }
            #expect(words.hasPrefix("execute /bin/missing: ENOENT"))
            #expect(try host.remains() == [])
        }
    }
}
