// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

@main
struct Swiftlet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "swiftlet",
        abstract: "Runs container images as functions on one Linux host.",
        discussion: """
            Start a host, give it an image, call it:

              sudo swiftlet serve --state-dir /var/lib/swiftlet &
              swiftlet image load hello.tar --name hello:1
              swiftlet function create hello --image hello:1 --port 9000
              swiftlet invoke hello --data '{"name":"you"}'

            Every verb but `serve` finds the host by --host or SWIFTLET_HOST (default http://127.0.0.1:8080).
            Completions for your shell: swiftlet --generate-completion-script bash|zsh|fish
            """,
        version: swiftletVersion,
        subcommands: [
            ServeCommand.self, ImageCommand.self, FunctionCommand.self, VersionCommand.self, AliasCommand.self,
            TriggerCommand.self, ConcurrencyCommand.self, ProvisionCommand.self, ScalingCommand.self, TagCommand.self, DomainCommand.self,
            LayerCommand.self, ObjectCommand.self, KeyCommand.self, RoleCommand.self, ApplyCommand.self, ExportCommand.self,
            InvokeCommand.self, TaskCommand.self, DeadLetterCommand.self, AsyncConfigCommand.self, InstanceCommand.self, LogsCommand.self,
            BenchCommand.self, BenchBareCommand.self, LauncherProtocolCommand.self,
            DoctorCommand.self, BackupCommand.self, RestoreCommand.self, ManualCommand.self,
        ]
    )

    static func main() async {
        do {
            await main(try ServeWords.expand(WordLists.expand(Array(CommandLine.arguments.dropFirst()))))
        } catch {
            // What the parser finds wrong it says itself; this is about the words that come from elsewhere.
            exit(withError: CommandFailure("\(error)"))
        }
    }
}

/// The version of this build, as `swiftlet --version` and `GET /swiftlet/v1/host` tell it.
let swiftletVersion = "0.1.0"
