// SPDX-License-Identifier: Apache-2.0
import Foundation
import LauncherClient
import Sandbox
import Testing

extension SandboxOnThisKernel {
    @Suite(.serialized) struct FreezeTests {
        /// The folder in which an instance is frozen; nil while there is none.
        private func freezer(_ host: LauncherFixture, _ instance: RunningInstance) -> String? {
            host.cgroups(of: instance.spec).first { FileManager.default.fileExists(atPath: $0 + "/cgroup.freeze") }
        }

        /// Waits until the kernel says that all of the instance's processes are in the freezer, and whether they are frozen. A freezer that they have
        /// not joined yet says so of nobody.
        private func wait(
            _ host: LauncherFixture, _ instance: RunningInstance, frozen: Bool, processes count: Int = 2
        ) async throws -> [String] {
            let deadline = Date().addingTimeInterval(60)
            while Date() < deadline {
                if let folder = freezer(host, instance),
                    try String(contentsOfFile: folder + "/cgroup.events", encoding: .utf8).contains("frozen \(frozen ? 1 : 0)")
                {
                    let processes = try String(contentsOfFile: folder + "/cgroup.procs", encoding: .utf8).split(separator: "\n")
                    if processes.count == count { return processes.map(String.init) }
                }
                try await Task.sleep(for: .milliseconds(1))
            }
            throw RunningInstance.TooLate(description: "\(instance.spec.id) is not \(frozen ? "frozen" : "thawed") with \(count) processes")
        }

        private func frozen(
            _ host: LauncherFixture, _ arguments: [String] = ["serve", "9000"], processes: Int = 2
        ) async throws -> (RunningInstance, [String]) {
            let instance = host.start(arguments)
            try await instance.listening()
            host.client.freeze(instance.spec.id)
            return (instance, try await wait(host, instance, frozen: true, processes: processes))
        }

        @Test func aFrozenInstanceRunsAgainWhenItIsThawed() async throws {
            let host = try LauncherFixture()
            let (instance, processes) = try await frozen(host)
            host.client.thaw(instance.spec.id)
            _ = try await wait(host, instance, frozen: false)
            #expect(try request(try await instance.started()[2], port: 9000).hasSuffix("hi\n"))
            host.client.freeze(instance.spec.id)
            #expect(try await wait(host, instance, frozen: true) == processes)
            host.client.thaw(instance.spec.id)
            #expect(try request(try await instance.started()[3], port: 9000).hasSuffix("hi\n"))
            host.client.stop(instance.spec.id, grace: .seconds(5))
            #expect(try await instance.end() == .exited(.signaled(SIGTERM)))
            #expect(try host.remains() == [])
        }

        @Test func everyProcessOfAnInstanceIsFrozen() async throws {
            let host = try LauncherFixture()
            let (instance, _) = try await frozen(host, ["fork-serve", "9000"], processes: 3)
            host.client.stop(instance.spec.id, grace: .zero)
            _ = try await instance.end()
            #expect(try host.remains() == [])
        }

        @Test func aFrozenInstanceThatIsStoppedMayEndInItsOwnWay() async throws {
            let host = try LauncherFixture()
            let (instance, _) = try await frozen(host)
            host.client.stop(instance.spec.id, grace: .seconds(60))
            #expect(try await instance.end() == .exited(.signaled(SIGTERM)))
            #expect(try host.remains() == [])
        }

        @Test func afterKillNineOfTheLauncherNoFrozenProcessIsLeft() async throws {
            let host = try LauncherFixture()
            let (_, processes) = try await frozen(host)
            kill(host.process, SIGKILL)
            let deadline = Date().addingTimeInterval(60)
            var alive = processes
            while !alive.isEmpty, Date() < deadline {
                alive = alive.filter { id in
                    guard let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8) else { return false }
                    return !(text.split(separator: ")").last?.hasPrefix(" Z") ?? true)
                }
                try await Task.sleep(for: .milliseconds(1))
            }
            #expect(alive == [])
            let next = try LauncherFixture(folder: host.folder)
            #expect(try await next.output(["cwd"]) == "/\n")
            #expect(try next.remains() == [])
        }
    }
}
