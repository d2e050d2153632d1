// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FoundationEssentials
import Glibc

struct ManualCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manual", abstract: "Writes the manual pages of this program into a folder.",
        discussion: """
            Example:
              swiftlet manual --output man1
              man -l man1/swiftlet-serve.1
            """, shouldDisplay: false)

    @Option(name: .shortAndLong, help: ArgumentHelp("The folder; it is made where it is missing.", valueName: "dir"))
    var output: String

    func run() throws {
        if mkdir(output, 0o755) != 0, errno != EEXIST {
            throw CommandFailure("cannot make the folder '\(output)': \(String(cString: strerror(errno)))")
        }
        for page in ManualPages.all(of: try ToolHelp.read().command) {
            try Data(page.text.utf8).write(to: URL(filePath: "\(output)/\(page.name).1"))
        }
    }
}
