// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Sandbox

/// What the launcher asks before a daemon gives way to this program.
struct LauncherProtocolCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: LauncherProtocol.verb, abstract: "Prints which messages this program speaks with its launcher.", shouldDisplay: false)

    func run() throws { try Output.out(LauncherProtocol.answer) }
}
