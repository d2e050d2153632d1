// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import LauncherClient
import Sandbox
import Testing

extension SandboxOnThisKernel {
    @Suite(.serialized) struct UserNamespaceTests {
        /// The user ids on the host of all processes of an instance.
        func hostUsers(_ host: LauncherFixture, _ spec: InstanceSpec) throws -> Set<UInt32> {
            var users: Set<UInt32> = []
            for folder in host.cgroups(of: spec) {
                guard let text = try? String(contentsOfFile: "\(folder)/cgroup.procs", encoding: .utf8) else { continue }
                for process in text.split(separator: "\n") {
                    let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
                    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("Uid:") })
                    users.formUnion(line.dropFirst(4).split(whereSeparator: \.isWhitespace).compactMap { UInt32($0) })
                }
            }
            return users
        }

        @Test func rootInAnImageIsNobodyOnTheHostAndInEveryOtherInstance() async throws {
            let host = try LauncherFixture()
            var seen: [Set<UInt32>] = []
            var running: [RunningInstance] = []
            for user in ["", "1000"] {
                let instance = host.start(["serve", "9000"]) { $0.user = user }
                try await instance.listening()
                running.append(instance)
                // Process 1 becomes nobody a moment after the program was started.
                let deadline = Date().addingTimeInterval(10)
                var users = try hostUsers(host, instance.spec)
                while users.contains(0), Date() < deadline {
                    usleep(1000)
                    users = try hostUsers(host, instance.spec)
                }
                seen.append(users)
            }
            for users in seen { #expect(!users.isEmpty && users.allSatisfy { $0 >= 0x1000_0000 }) }
            #expect(Set(seen[0].map { $0 >> 16 }).isDisjoint(with: seen[1].map { $0 >> 16 }))
            #expect(running.count == 2)
        }

        @Test func layersAreSeenWithTheInstancesOwnIdsAndStayAsTheyAre() async throws {
            let host = try LauncherFixture { layer in
                for (name, owner) in [("root-only", 0), ("web-only", 33), ("far", 70_000)] {
                    try "secret of \(name)".write(toFile: "\(layer)/\(name)", atomically: false, encoding: .utf8)
                    #expect(chown("\(layer)/\(name)", uid_t(owner), gid_t(owner)) == 0)
                    #expect(chmod("\(layer)/\(name)", 0o600) == 0)
                }
            }
            let asRoot = try await host.output([
                "owner", "/root-only", "owner", "/web-only", "owner", "/far", "owner", "/tmp", "owner", "/dev/shm", "cat", "/root-only",
                "cat",
                "/web-only",
            ])
            for line in ["/root-only=0:0", "/web-only=33:33", "/far=65534:65534", "/tmp=0:0", "/dev/shm=0:0", "secret of root-only"] {
                #expect(asRoot.contains(line), "\(line)")
            }
            #expect(asRoot.contains("/web-only:EACCES"))  // Root without DAC_OVERRIDE.
            let asWeb = try await host.output(["cat", "/web-only", "cat", "/root-only"]) { $0.user = "33:33" }
            #expect(asWeb == "secret of web-only/root-only:EACCES\n")
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(host.folder)/layers/\(host.layer.hex)/web-only")
            #expect(attributes[.ownerAccountID] as? Int == 33)
        }

        @Test func aFunctionThatAsksMayGiveFilesAwayWithinItsIdsAndOthersMayNot() async throws {
            let host = try LauncherFixture()
            #expect(try await host.output(["chown"]) == "chown=EPERM\n")
            #expect(try await host.output(["chown"]) { $0.capabilities = InstanceCapabilities.named["CHOWN"]! } == "chown=ok\n")
        }

        @Test func aUserBeyondTheIdsOfAnInstanceIsRefusedWithTheBound() async throws {
            let host = try LauncherFixture()
            let end = try await host.start(["status"], { $0.user = "70000" }).end()
            #expect(end == .failed("the user 70000:0 lies beyond the ids of an instance, 0 to 65535"))
        }

        @Test func anEndedInstancesIdsAreGivenToTheNext() async throws {
            let host = try LauncherFixture()
            var maps: Set<String> = []
            for _ in 0..<40 { maps.insert(try await host.output(["cat", "/proc/self/uid_map"])) }
            // Four are kept ready, and sandboxes that are nobody's yet, four at most, have theirs.
            #expect(maps.count <= 8, "\(maps)")
        }
    }
}
