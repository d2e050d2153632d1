// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct InstanceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "instance", abstract: "Shows the running copies of functions.", discussion: "Example: swiftlet instance list hello",
        subcommands: [InstanceListCommand.self])
}
