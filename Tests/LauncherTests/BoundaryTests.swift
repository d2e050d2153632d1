// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import LauncherClient
import Sandbox
import Testing

extension SandboxOnThisKernel {
    /// Where an instance ends, and the host and other instances begin.
    @Suite(.serialized) struct BoundaryTests {
        static let kinds = ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"]

        @Test func everyNamespaceIsAnInstancesOwn() async throws {
            let host = try LauncherFixture()
            let instances = (0..<2).map { _ in host.start(["namespaces", "listen", "9000", "pause"]) }
            var seen: [Set<String>] = [
                Set(try Self.kinds.map { try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(host.process)/ns/\($0)") })
            ]
            // Both live while they look, so that no number is used twice.
            for instance in instances { try await instance.listening() }
            for instance in instances {
                host.client.stop(instance.spec.id, grace: .zero)
                _ = try await instance.end()
                seen.append(Set(instance.readOutput().split(separator: "\n").map(String.init)))
            }
            for (index, names) in seen.enumerated() {
                #expect(names.count == Self.kinds.count)
                for other in seen[..<index] { #expect(names.isDisjoint(with: other), "\(names.intersection(other))") }
            }
        }

        /// The host listens on a port and under a name without a file; another instance listens on the port that all have.
        @Test func neitherTheHostsLoopbackNorAnotherInstanceIsReached() async throws {
            let host = try LauncherFixture()
            let name = "swiftlet-boundary-\(getpid())"
            let (port, sockets) = try Self.listeners(name: name)
            defer { for socket in sockets { close(socket) } }
            #expect(LauncherFixture.run(LauncherFixture.probe, ["reaches", "\(port)", "reaches", name]) == 0)
            let other = host.start(["serve", "9000"])
            try await other.listening()
            let seen = try await host.output(["connect", "\(port)", "connect", "9000", "connect", name])
            #expect(seen == "\(port)=ECONNREFUSED\n9000=ECONNREFUSED\n\(name)=ECONNREFUSED\n")
        }

        private static func listeners(name: String) throws -> (port: UInt16, sockets: [CInt]) {
            let (internet, local) = (socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0), socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0))
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            withUnsafeMutablePointer(to: &address) { address in
                address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    #expect(bind(internet, $0, length) == 0 && listen(internet, 1) == 0 && getsockname(internet, $0, &length) == 0)
                }
            }
            var place = sockaddr_un()
            place.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &place.sun_path) { $0[1...].copyBytes(from: name.utf8) }
            let size = socklen_t(MemoryLayout<sa_family_t>.size + 1 + name.utf8.count)
            withUnsafePointer(to: &place) { place in
                place.withMemoryRebound(to: sockaddr.self, capacity: 1) { #expect(bind(local, $0, size) == 0 && listen(local, 1) == 0) }
            }
            return (UInt16(bigEndian: address.sin_port), [internet, local])
        }

        /// After pivot_root the host's root lies on the instance's own until it is detached: `/..` would be it.
        @Test func nothingOfTheHostsRootIsLeft() async throws {
            let host = try LauncherFixture()
            for _ in 0..<20 {
                let seen = try await host.output(["list", "/", "list", "/..", "list", "/../.."]).split(separator: "\n").map {
                    $0.split(separator: ":").last
                }
                #expect(seen.count == 3 && Set(seen).count == 1, "\(seen)")
            }
        }

        /// Some of these files are not on every kernel; each that the host has must be held.
        @Test func whatTellsOfTheHostBelowProcIsCoveredAndWhatSteersItCannotBeWritten() async throws {
            let host = try LauncherFixture()
            let mounts = try await host.output(["cat", "/proc/self/mounts"]).split(separator: "\n").map { $0.split(separator: " ") }
            func options(_ path: String) -> [Substring]? { mounts.last { $0[1] == path }?[3].split(separator: ",") }
            let covered = [
                "acpi", "asound", "interrupts", "kcore", "keys", "latency_stats", "sched_debug", "scsi", "timer_list", "timer_stats",
            ]
            let kept = ["bus", "fs", "irq", "sys", "sysrq-trigger"]
            let there = try Set(FileManager.default.contentsOfDirectory(atPath: "/proc"))
            #expect(there.contains("interrupts") && there.contains("sys"))
            for name in kept where there.contains(name) {
                let options = try #require(options("/proc/\(name)"), "\(name)")
                for option in ["ro", "nosuid", "nodev", "noexec"] { #expect(options.contains(Substring(option)), "\(name)") }
            }
            for name in covered where there.contains(name) {
                #expect(options("/proc/\(name)") != nil, "\(name)")
                let path = "/proc/\(name)"
                let isFolder = try FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType == .typeDirectory
                #expect(try await host.output([isFolder ? "list" : "cat", path]) == (isFolder ? path + ":\n" : ""))
            }
        }

        /// A filter for one kind of numbers would let the same calls through by those of another.
        @Test func callsByTheNumbersOfOtherMachinesAreUnknown() async throws {
            let seen = try await LauncherFixture().output(["other-numbers"])
            // A kernel without the calls of i386 ends whoever makes them.
            #expect(["i386=ENOSYS\nx32=ENOSYS\n", "i386=killed\nx32=ENOSYS\n"].contains(seen), "\(seen)")
        }
    }
}
