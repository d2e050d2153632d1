// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import LauncherClient
import Sandbox
import Testing

extension SandboxOnThisKernel {
    @Suite(.serialized) struct IsolationTests {
        func lines(_ text: String, separator: Character = "=") -> [String: String] {
            var lines: [String: String] = [:]
            for line in text.split(separator: "\n") {
                let parts = line.split(separator: separator, maxSplits: 1)
                if parts.count == 2 { lines[String(parts[0])] = parts[1].trimmingCharacters(in: .whitespaces) }
            }
            return lines
        }

        @Test(arguments: ["", "1000"]) func whatAProgramMayNotDoItCannot(_ user: String) async throws {
            let host = try LauncherFixture()
            let seen = lines(try await host.output(["calls"]) { $0.user = user })
            for call in [
                "mount", "umount", "unshare-user", "clone-user", "setns", "bpf", "keyctl", "ptrace", "io_uring", "userfaultfd", "perf",
                "raw",
                "chroot", "mknod", "reboot", "sethostname",
            ] { #expect(seen[call] == "EPERM", "\(call)") }
            #expect(seen["clone3"] == "ENOSYS")
            // AF_VSOCK, AF_ALG, AF_PACKET, AF_KEY.
            for family in [40, 38, 17, 15] { #expect(seen["family-\(family)"] == "EAFNOSUPPORT", "\(family)") }
            #expect(seen["type-into-terminal"] == "EPERM")
            #expect(seen["write-root"] == "EROFS")
            #expect(seen["write-tmp"] == "ok")
            #expect(["EROFS", "EACCES"].contains(seen["write-sysctl"]))
            // Some kernels have neither file.
            #expect(["EROFS", "EACCES", "ENOENT"].contains(seen["write-sysrq"]))
            #expect(["0", "-1"].contains(seen["kcore"]))
            #expect(seen["null"] == "1:3 20666")
            #expect(seen["chmod-null"] == "EROFS")
            #expect(seen["write-dev"] == "EROFS")
            #expect(seen["core"] == "0")
            #expect(seen["port-80"] == "ok")
            #expect(seen["fds"] == "0 1 2")
            #expect(seen["processes"] == "1 2")
            #expect(seen["umask"] == "22")
            #expect(seen["session"] == "1")
            #expect(seen["niceness"] == "0")
            for file in ["init-exe", "init-environ", "init-fd", "init-memory"] { #expect(seen[file] == "EACCES", "\(file)") }
        }

        @Test func nobodyHasACapabilityUnlessItWasAskedFor() async throws {
            let host = try LauncherFixture()
            let user = lines(try await host.output(["status"]) { $0.user = "1000:1001" }, separator: ":")
            for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] { #expect(user[set] == "0000000000000000", "\(set)") }
            #expect(user["Uid"] == "1000\t1000\t1000\t1000")
            #expect(user["Gid"] == "1001\t1001\t1001\t1001")
            #expect(user["NoNewPrivs"] == "1")
            #expect(user["Seccomp"] == "2")
            #expect(user["SigBlk"] == "0000000000000000")
            let root = lines(try await host.output(["status"]), separator: ":")
            for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] { #expect(root[set] == "0000000000000000", "\(set)") }
            for asker in ["", "1000"] {
                let asked = lines(
                    try await host.output(["status"]) {
                        $0.user = asker
                        $0.capabilities = [.init(rawValue: 1 << 0), .init(rawValue: 1 << 7)]
                    }, separator: ":")
                for set in ["CapPrm", "CapEff", "CapBnd"] { #expect(asked[set] == "0000000000000081", "\(set)") }
            }
        }

        @Test func itSeesItsOwnFilesAndNothingOfTheHost() async throws {
            let host = try LauncherFixture()
            let text = try await host.output([
                "list", "/", "list", "/sys", "list", "/dev", "hostname", "cat", "/etc/hosts", "cat", "/etc/hostname", "cwd",
            ])
            #expect(text.contains("/sys:\n"))
            for name in ["bin", "proc", "sys", "dev", "tmp", "etc"] { #expect(text.split(separator: "\n")[0].contains(name)) }
            #expect(!text.contains("sda") && !text.contains("vda"))
            #expect(text.contains("127.0.0.1\tinstance-1\n"))
            #expect(text.hasSuffix("instance-1\n/\n"))
            let mounts = try await host.output(["cat", "/proc/self/mounts"])
            #expect(!mounts.contains(host.folder + "/run/trees/"))
            // What covers a file below /proc is our /dev/null, a device.
            for line in mounts.split(separator: "\n")
            where !line.contains(" /dev") && !line.contains(" /proc/") || line.contains("/dev/shm") {
                #expect(line.contains("nosuid") && line.contains("nodev"), "\(line)")
            }
        }

        @Test func standardOutputOpensByNameAsAnOrdinaryUser() async throws {
            let host = try LauncherFixture()
            #expect(try await host.output(["stdout-by-name"]) { $0.user = "1000" } == "opened\n")
        }

        @Test("CVE-2019-5736: an entry point of /proc/self/exe does not run the launcher") func selfExe() async throws {
            let host = try LauncherFixture()
            let end = try await host.start([], { $0.arguments = ["/proc/self/exe", "--help"] }).end()
            #expect(end == .exited(.exited(status: 1)) || "\(end)".contains("EACCES"))
            let running = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(host.process)/exe")
            #expect(running.hasPrefix("/memfd:swiftlet-launcher"))
            // Nobody can change the copy either: F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW and F_SEAL_WRITE.
            let copy = open("/proc/\(host.process)/exe", O_RDONLY | O_CLOEXEC)
            defer { close(copy) }
            #expect(fcntl(copy, 1034) & 0xf == 0xf)
        }

        @Test("CVE-2024-21626: a working directory of /proc/self/fd/N is refused") func workingDirectory() async throws {
            let host = try LauncherFixture()
            for number in 3..<65 {
                guard case .failed(let words) = try await host.start(["cwd"], { $0.workingDirectory = "/proc/self/fd/\(number)" }).end()
                else {
                    Issue.record("descriptor \(number) led somewhere")
                    continue
                }
                // Not even the look at where a descriptor led has to refuse it (EXDEV): there is none but up to three sockets, for the status, the trigger and
                // the reader.
                #expect(words.contains(": ENOENT (") || number <= 5 && words.contains(": ENOTDIR ("), "\(words)")
            }
        }

        @Test(
            "CVE-2026-41579, CVE-2026-47766, CVE-2025-31133, CVE-2025-52565: links in the place of our mount points lead nowhere",
            arguments: ["/tmp/escape", "/", "../.."])
        func links(_ target: String) async throws {
            let host = try LauncherFixture { layer in
                for name in ["dev", "proc", "sys", "tmp", "etc"] {
                    try FileManager.default.createSymbolicLink(atPath: "\(layer)/\(name)", withDestinationPath: target)
                }
            }
            let text = try await host.output(["calls", "cat", "/etc/hosts"])
            #expect(text.contains("null=1:3 20666"))
            #expect(text.contains("localhost"))
            #expect(text.contains("processes=1 2"))
        }

        @Test("CVE-2025-31133: an image's own /dev/null, /dev/pts and /etc/resolv.conf links are covered") func deviceLinks() async throws {
            let host = try LauncherFixture { layer in
                for name in ["dev", "etc", "proc"] {
                    try FileManager.default.createDirectory(atPath: "\(layer)/\(name)", withIntermediateDirectories: true)
                }
                for (name, target) in [
                    ("dev/null", "/proc/sys/kernel/core_pattern"), ("dev/pts", "/proc"), ("etc/resolv.conf", "/proc/1/environ"),
                    ("etc/hosts", "/bin/probe"),
                ] {
                    try FileManager.default.createSymbolicLink(atPath: "\(layer)/\(name)", withDestinationPath: target)
                }
            }
            let text = try await host.output(["calls", "cat", "/etc/resolv.conf", "cat", "/etc/hosts"])
            #expect(text.contains("null=1:3 20666"))
            #expect(text.contains("An instance has no network"))
            #expect(text.contains("localhost"))
        }

        @Test(
            "CVE-2024-40635: names are resolved in the image, and unknown or overflowing users do not start",
            arguments: ["4294967296", "-1", "ghost", "wrap"])
        func users(_ user: String) async throws {
            let host = try LauncherFixture { layer in
                try FileManager.default.createDirectory(atPath: "\(layer)/etc", withIntermediateDirectories: true)
                try "web:x:33:44::/w:/bin/sh\nwrap:x:4294967296:0::/:\n".write(
                    toFile: "\(layer)/etc/passwd", atomically: false, encoding: .utf8)
            }
            guard case .failed = try await host.start(["status"], { $0.user = user }).end() else {
                Issue.record("it started")
                return
            }
            let seen = lines(try await host.output(["status", "env"]) { $0.user = "web" }, separator: ":")
            #expect(seen["Uid"] == "33\t33\t33\t33")
        }

        @Test("CVE-2018-15664: an image's /etc/passwd that links out of the root is looked for inside the root") func passwdLink()
            async throws
        {
            let host = try LauncherFixture { layer in
                try FileManager.default.createDirectory(atPath: "\(layer)/etc", withIntermediateDirectories: true)
                try FileManager.default.createSymbolicLink(
                    atPath: "\(layer)/etc/passwd", withDestinationPath: String(repeating: "../", count: 20) + "etc/passwd")
            }
            guard case .failed = try await host.start(["status"], { $0.user = "nobody" }).end() else {
                Issue.record("the host's /etc/passwd was read")
                return
            }
        }

        @Test("CVE-2024-25621: the state directory is closed to everyone but root") func modes() async throws {
            let host = try LauncherFixture()
            // Once an instance has run, all the folders are there.
            _ = try await host.start(["exit", "0"]).end()
            for (name, mode) in [("", 0o700), ("/data", 0o700), ("/layers", 0o700), ("/run", 0o700)] {
                let attributes = try FileManager.default.attributesOfItem(atPath: host.folder + name)
                #expect(attributes[.posixPermissions] as? Int == mode, "\(name)")
            }
        }
    }
}
