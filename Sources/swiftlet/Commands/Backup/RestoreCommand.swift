// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Makes the state of a host out of a backup. The host is stopped meanwhile, and its state directory empty.",
        discussion: """
            Examples:
              sudo systemctl stop swiftlet
              sudo mv /var/lib/swiftlet /var/lib/swiftlet.old
              sudo swiftlet restore swiftlet.tar.gz
              sudo systemctl start swiftlet
            """)

    @Argument(help: "The archive.", completion: .file())
    var file: String

    @Option(help: ArgumentHelp("Where the host is to keep its state.", valueName: "dir"), completion: .directory)
    var stateDir = "/var/lib/swiftlet"

    @Option(help: "The user that the daemon will run as. (default: swiftlet if there is one, else nobody)")
    var user: String?

    func run() async throws {
        let restore = StateRestore(stateDirectory: try AbsolutePath.of(stateDir), user: try user ?? LauncherStart.defaultUser())
        let path = try AbsolutePath.of(file)
        let manifest = try await onOwnThread { try restore.read(from: path) }
        try Output.note("\(restore.stateDirectory) is as it was at \(manifest.time)")
    }
}
