// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct ImageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image", abstract: "Brings images to the host, and makes archives of directories.",
        discussion: "Example: swiftlet image load hello.tar --name hello:1",
        subcommands: [
            ImagePullCommand.self, ImageLoadCommand.self, ImageListCommand.self, ImageInspectCommand.self, ImageTagCommand.self,
            ImageRemoveCommand.self, ImageGCCommand.self, ImageExportCommand.self, ImagePackCommand.self,
        ])
}
