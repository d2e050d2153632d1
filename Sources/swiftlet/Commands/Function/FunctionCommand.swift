// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct FunctionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "function", abstract: "Makes functions of images, and changes them.",
        discussion: "Example: swiftlet function create hello --image hello:1 --port 9000",
        subcommands: [
            FunctionCreateCommand.self, FunctionUpdateCommand.self, FunctionGetCommand.self, FunctionListCommand.self,
            FunctionDeleteCommand.self, FunctionDisableCommand.self, FunctionEnableCommand.self,
        ])
}
