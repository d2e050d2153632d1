// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Glibc

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Looks at this machine: what a host needs, what of it is there, and how to mend the rest.",
        discussion: """
            The same checks decide whether `serve` starts. The exit status is 1 where one failed; warnings do not change it.

            Examples:
              sudo swiftlet doctor
              sudo swiftlet doctor --listen 0.0.0.0:8080 --state-dir /srv/swiftlet
              swiftlet doctor --json
            """)

    @Option(
        help: ArgumentHelp("The address that the host is to listen on. Of a host that runs, the port is in use.", valueName: "host:port"))
    var listen = ListenAddress(host: "127.0.0.1", port: 8080)

    @Option(help: ArgumentHelp("Where the host is to keep its state.", valueName: "dir"), completion: .directory)
    var stateDir = "/var/lib/swiftlet"

    @Option(help: "The user that everything clients reach is to run as. (default: swiftlet if there is one, else nobody)")
    var user: String?

    @Flag(help: "Print the checks as JSON.")
    var json = false

    func run() async throws {
        let place = PlaceFacts.probe(stateDirectory: try AbsolutePath.of(stateDir), addresses: [listen], user: user, clock: time(nil))
        let checks = HostChecks.all(.probe(), place)
        if json { try Output.json(["checks": checks]) } else { try Output.out(Self.text(checks)) }
        if checks.contains(where: { $0.verdict == .failed }) { throw ExitCode.failure }
    }

    static func text(_ checks: [HostCheck]) -> String {
        let width = checks.map(\.name.count).max() ?? 0
        var text = ""
        for check in checks {
            let mark =
                switch check.verdict {
                case .ok: "ok      "
                case .warning: "warning "
                case .failed: "FAILED  "
                }
            text += "\(mark)\(check.name)\(String(repeating: " ", count: width - check.name.count))  \(check.found)\n"
            if let mend = check.mend { text += "          needed because: \(check.meaning)\n          to mend it: \(mend)\n" }
        }
        let (failed, warnings) = (checks.count { $0.verdict == .failed }, checks.count { $0.verdict == .warning })
        let rest = warnings == 0 ? "" : ", \(warnings) \(warnings == 1 ? "warning" : "warnings")"
        return text + (failed == 0 ? "a host can run here\(rest)\n" : "a host cannot start here: \(failed) failed\(rest)\n")
    }
}
