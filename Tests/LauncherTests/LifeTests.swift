// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import LauncherClient
import Sandbox
import Testing

/// Everything that needs root and a real kernel runs in one row: the tests count processes, and share two processors.
@Suite(.serialized, .enabled(if: LauncherFixture.canRun, "needs root")) struct SandboxOnThisKernel {}

extension SandboxOnThisKernel {
    @Suite(.serialized) struct LifeTests {
        @Test func aServerStartsIsToldListeningAnswersAndStops() async throws {
            let host = try LauncherFixture()
            let instance = host.start(["serve", "9000"])
            let descriptors = try await instance.started()
            try await instance.listening()
            #expect(descriptors.count == 4)
            #expect(try request(descriptors[2], port: 9000).hasSuffix("hi\n"))
            let more = await withCheckedContinuation { continuation in
                host.client.openSockets(instance.spec.id, count: 9) { continuation.resume(returning: $0) }
            }
            #expect(more.count == 9)
            #expect(try request(more[8], port: 9000).hasSuffix("hi\n"))
            for socket in more { close(socket) }
            host.client.stop(instance.spec.id, grace: .seconds(5))
            #expect(try await instance.end() == .exited(.signaled(SIGTERM)))
            #expect(try host.remains() == [])
        }

        @Test func theLauncherIsOneThread() async throws {
            let host = try LauncherFixture()
            let instance = host.start(["serve", "9000"])
            try await instance.listening()
            #expect(try FileManager.default.contentsOfDirectory(atPath: "/proc/\(host.process)/task").count == 1)
        }

        @Test(arguments: [0, 3, 125, 255]) func anExitStatusIsTold(_ status: Int32) async throws {
            let host = try LauncherFixture()
            #expect(try await host.start(["exit", "\(status)"]).end() == .exited(.exited(status: status)))
        }

        @Test func aCrashIsToldAsItsSignal() async throws {
            let host = try LauncherFixture()
            #expect(try await host.start(["crash"]).end() == .exited(.signaled(SIGABRT)))
        }

        @Test func aProgramThatIgnoresTermIsKilledAfterTheGrace() async throws {
            let host = try LauncherFixture()
            let instance = host.start(["ignore-term", "listen", "9000", "pause"])
            try await instance.listening()
            let before = ContinuousClock.now
            host.client.stop(instance.spec.id, grace: .milliseconds(200))
            #expect(try await instance.end() == .exited(.signaled(SIGKILL)))
            #expect(ContinuousClock.now - before >= .milliseconds(200))
        }

        @Test func aMissingProgramIsNamed() async throws {
            let host = try LauncherFixture()
            guard case .failed(let words) = try await host.start([], { $0.arguments = ["no-such-program"] }).end() else {
                Issue.record("it started")
                return
            }
            #expect(words.hasPrefix("execute /bin/no-such-program: ENOENT (step "))
            #expect(try host.remains() == [])
        }

        @Test func aMissingLayerIsNamed() async throws {
            let host = try LauncherFixture()
            let other = Digest(hex: String(repeating: "b2", count: 32))!
            #expect(
                try await host.start([], { $0.layers = [other] }).end()
                    == .failed("layer \(other) is not unpacked: load the image again"))
        }

        @Test func aMissingWorkingDirectoryIsNamed() async throws {
            let host = try LauncherFixture()
            guard case .failed(let words) = try await host.start(["cwd"], { $0.workingDirectory = "/not/there" }).end() else {
                Issue.record("it started")
                return
            }
            #expect(words.hasPrefix("enter the working directory /not/there: ENOENT"))
        }

        @Test func outOfMemoryIsToldAsSuch() async throws {
            let host = try LauncherFixture()
            #expect(try await host.start(["memory"], { $0.limits.memory = 16 << 20 }).end() == .exited(.outOfMemory))
        }

        @Test func aForkBombStopsAtTheLimit() async throws {
            let host = try LauncherFixture()
            #expect(try await host.output(["fork-bomb"]) { $0.limits.processes = 20 } == "forks=19 EAGAIN\n")
            #expect(try host.remains() == [])
        }

        @Test func orphansAreReaped() async throws {
            let host = try LauncherFixture()
            #expect(try await host.output(["orphans", "list", "/proc/1/task"]).contains("/proc/1/task: 1"))
        }

        @Test func aChildThatListensIsToldAndOtherPortsAreNot() async throws {
            let host = try LauncherFixture()
            let instance = host.start(["listen", "9001", "listen", "9002", "fork-serve", "9000"])
            try await instance.listening()
            #expect(try request(try await instance.started()[2], port: 9000).hasSuffix("hi\n"))
            #expect(instance.all.count == 2)
            let never = host.start(["listen", "9001", "exit", "0"])
            #expect(try await never.end() == .exited(.exited(status: 0)))
            #expect(never.all.count == 2)
        }

        @Test func listeningAThousandTimesIsToldOnce() async throws {
            let host = try LauncherFixture()
            let instance = host.start(Array(repeating: ["listen", "9000"], count: 1000).flatMap { $0 } + ["exit", "0"])
            #expect(try await instance.end() == .exited(.exited(status: 0)))
            #expect(instance.all.count == 3)
        }

        @Test func manyStartAtOnceAndAllEnd() async throws {
            let host = try LauncherFixture()
            let instances = (0..<60).map { _ in host.start(["serve", "9000"]) }
            for instance in instances { try await instance.listening() }
            for instance in instances { host.client.stop(instance.spec.id, grace: .seconds(5)) }
            for instance in instances { #expect(try await instance.end() == .exited(.signaled(SIGTERM))) }
            #expect(try host.remains() == [])
        }

        @Test func outputIsWhole() async throws {
            let host = try LauncherFixture()
            let instance = host.start(["long-line"])
            _ = try await instance.started()
            #expect(instance.readOutput().utf8.count == 10 << 20)
            #expect(try await instance.end() == .exited(.exited(status: 0)))
        }

        @Test func theSameIdIsRefusedWhileItLives() async throws {
            let host = try LauncherFixture()
            let first = host.start(["serve", "9000"])
            try await first.listening()
            let second = RunningInstance(spec: first.spec)
            host.client.start(first.spec) { second.add($0) }
            #expect(try await second.end() == .failed("the instance id \(first.spec.id) is in use"))
        }
    }
}
