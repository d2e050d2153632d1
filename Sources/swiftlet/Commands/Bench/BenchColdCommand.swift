// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Glibc

struct BenchColdCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cold", abstract: "Measures cold starts of a function, beside bare starts of the same program.",
        discussion: """
            Before each run all instances of the function are ended. Then one event call over a connection of its own is timed, from before the
            connection to the first byte of the answer. In turns with it, the same program is started by posix_spawn alone, with the same files,
            arguments and user, and answers the same request. That part needs root on the host's own machine.

            Example: sudo swiftlet bench cold hello --runs 100
            """)

    @Argument(help: "The function's name. Other calls of it while this runs spoil the figures.")
    var name: String

    @Option(help: ArgumentHelp("Cold starts to make.", valueName: "n"))
    var runs = 50

    @Option(help: ArgumentHelp("The event: a text, @FILE, or @- for standard input. (default: empty)", valueName: "data"))
    var data: EventData = .none

    @Flag(help: "Print all figures as JSON.")
    var json = false

    @OptionGroup var host: HostOptions

    func validate() throws {
        guard (1...100_000).contains(runs) else { throw ValidationError("--runs is \(runs); it must be 1 to 100000") }
    }

    func run() async throws {
        let body = try await data.read()
        let report = try await HostClient.with(host) { client in
            let bare: Result<BareProcess, ColdStartReport.Reason>
            if geteuid() == 0 {
                let plan = try await BarePlan.of(name, body: body, client)
                bare = .success(try await onOwnThread { try BareProcess(plan) })
            } else {
                bare = .failure(.init("it needs root on the host's own machine, to give the program the image's files; run this with sudo"))
            }
            return try await ColdBench(name: name, body: body, address: try HostAddress.of(host.url), client: client, bare: bare).run(runs)
        }
        if json { try Output.json(report.figures) } else { try Output.out(report.text) }
    }
}
