// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measures.", discussion: "Example: sudo swiftlet bench cold hello --runs 100",
        subcommands: [BenchColdCommand.self, BenchTraceCommand.self])
}
