// SPDX-License-Identifier: Apache-2.0
import CSeccomp
import Foundation
import FunctionModel
import LauncherClient
import Sandbox
import Testing

extension SandboxOnThisKernel {
    /// The filter against the list that other container engines use, as Debian ships it in golang-github-containers-common.
    @Suite(.serialized) struct SystemCallTests {
        struct Profile: Decodable {
            struct Rule: Decodable {
                struct Conditions: Decodable {
                    var caps: [String]?
                    var arches: [String]?
                }
                struct Argument: Decodable {}
                var names: [String]
                var action: String
                var args: [Argument]?
                var includes: Conditions?
            }
            var syscalls: [Rule]
        }

        /// What the list lets a process without capabilities call, whatever the arguments or with some of them.
        func allowedElsewhere() throws -> Set<String> {
            let data = try Data(contentsOf: URL(fileURLWithPath: "/usr/share/containers/seccomp.json"))
            let rules = try JSONDecoder().decode(Profile.self, from: data).syscalls
            return Set(
                rules.filter { rule in
                    rule.action == "SCMP_ACT_ALLOW" && rule.includes?.caps?.isEmpty ?? true
                        && rule.includes?.arches?.contains("amd64") ?? true
                }.flatMap(\.names))
        }

        @Test func whatOtherEnginesDenyIsDeniedAndWhatIsNewerThanTheirListToo() async throws {
            let allowed = try allowedElsewhere()
            #expect(allowed.contains("read") && !allowed.contains("bpf"))
            var denied: [Int: String] = [:]
            for number in 0..<600 {
                guard let name = seccomp_syscall_resolve_num_arch(seccomp_arch_native(), CInt(number)) else {
                    if number > 450 { denied[number] = "number \(number)" }
                    continue
                }
                let text = String(cString: name)
                free(name)
                if !allowed.contains(text) { denied[number] = text }
            }
            #expect(denied.count > 150)
            let host = try LauncherFixture()
            let numbers = denied.keys.sorted().map(String.init).joined(separator: ",")
            // All filters that there are.
            for (profile, reportsListen) in [(SystemCallProfile.standard, true), (.standard, false), (.strict, true), (.strict, false)] {
                let text = try await host.output(["numbers", numbers]) {
                    $0.profile = profile
                    $0.reportsListen = reportsListen
                }
                var seen: [Int: String] = [:]
                for line in text.split(separator: "\n") {
                    let parts = line.split(separator: "=")
                    if parts.count == 2, let number = Int(parts[0]) { seen[number] = String(parts[1]) }
                }
                for (number, name) in denied {
                    #expect(
                        seen[number] == "EPERM" || seen[number] == "ENOSYS",
                        "\(name), \(profile), \(reportsListen): \(seen[number] ?? "no answer")")
                }
            }
        }

        @Test func theStrictProfileDeniesMoreAndLeavesWhatAServerNeeds() async throws {
            let host = try LauncherFixture()
            func number(_ name: String) -> CInt { seccomp_syscall_resolve_name(name) }
            let (denied, left) = (
                ["shmget", "mq_unlink", "splice", "name_to_handle_at", "sched_setparam"], ["getpid", "epoll_create1", "pipe"]
            )
            let numbers = (denied + left).map { "\(number($0))" }.joined(separator: ",")
            let (usual, strict) = (
                try await host.output(["numbers", numbers]), try await host.output(["numbers", numbers]) { $0.profile = .strict }
            )
            for name in denied {
                #expect(!usual.contains("\(number(name))=EPERM"), "\(name)")
                #expect(strict.contains("\(number(name))=EPERM"), "\(name)")
            }
            for name in left { #expect(!strict.contains("\(number(name))=EPERM"), "\(name)") }
        }

        @Test func onlyHarmlessPersonalitiesAreTakenAndTheAuditLogIsNotHeard() async throws {
            let host = try LauncherFixture()
            // The last two have bits that look like a question without being one.
            let values = ["0", "0x8", "0x20000", "0xffffffff", "0x40000", "0x400000", "0x80040000", "0xfffffffe"]
            let text = try await host.output(values.flatMap { ["personality", $0] } + ["audit"])
            for value in values.prefix(4) { #expect(text.contains("\(value)=ok\n"), "\(value)") }
            for value in values.dropFirst(4) { #expect(text.contains("\(value)=EPERM\n"), "\(value)") }
            #expect(text.contains("audit=EINVAL\n"))
        }
    }
}
