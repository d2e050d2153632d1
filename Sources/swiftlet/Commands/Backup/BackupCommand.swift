// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copies the state of this machine's host into one archive, while the host runs.",
        discussion: """
            Functions, versions, aliases, accepted events, images and layers as they are at one moment; logs only with --with-logs.
            The archive holds everything that functions were told, secrets too: only root can read it.

            Examples:
              sudo swiftlet backup --output swiftlet.tar.gz
              sudo swiftlet backup --state-dir /srv/swiftlet --output swiftlet.tar
            """)

    @Option(name: .shortAndLong, help: ArgumentHelp("The archive; a name that ends with .gz makes it a compressed one.", valueName: "file"))
    var output: String

    @Option(help: ArgumentHelp("Where the host keeps its state.", valueName: "dir"), completion: .directory)
    var stateDir = "/var/lib/swiftlet"

    @Flag(help: "The functions' logs as well.")
    var withLogs = false

    func run() async throws {
        let (backup, file) = (StateBackup(stateDirectory: try AbsolutePath.of(stateDir), withLogs: withLogs), try AbsolutePath.of(output))
        try await onOwnThread { try backup.write(to: file) }
        try Output.note("the state of \(backup.stateDirectory) is in \(file)")
    }
}
