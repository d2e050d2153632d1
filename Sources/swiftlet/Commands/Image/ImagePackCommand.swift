// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Glibc
import Images

struct ImagePackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pack", abstract: "Makes an OCI archive of a directory; neither a host nor any other tool is needed.",
        discussion: """
            The directory becomes the root of the image, so a program needs what it links to in there as well; a static one needs nothing else.

            Examples:
              swiftlet image pack build/root --command /server --port 9000 --name hello:1 -o hello.tar
              swiftlet image pack root --command python3 --args -m http.server 9000 --env LANG=C.UTF-8 -o files.tar

            The same files and options give the same archive; SOURCE_DATE_EPOCH bounds the times in it.
            --command, --args and --env take their words as in `swiftlet function create`; DIR comes before them.
            """)

    @Argument(help: ArgumentHelp("The directory.", valueName: "dir"), completion: .directory)
    var directory: String

    @Option(parsing: .singleValue, help: ArgumentHelp("The image's ENTRYPOINT.", valueName: "words"))
    var command: [String] = []

    @Option(parsing: .singleValue, help: ArgumentHelp("The image's CMD.", valueName: "words"))
    var args: [String] = []

    @Option(help: "The port that its server listens on: EXPOSE, and PORT in its environment.")
    var port: UInt16?

    @Option(parsing: .singleValue, help: ArgumentHelp("An environment variable; several may follow one --env.", valueName: "name=value"))
    var env: [EnvironmentWord] = []

    @Option(help: ArgumentHelp("The user it runs as: name, uid, name:group or uid:gid.", valueName: "user"))
    var user: String?

    @Option(help: ArgumentHelp("The directory that it starts in.", valueName: "path"))
    var workingDirectory: String?

    @Option(help: ArgumentHelp("The reference that the archive carries.", valueName: "ref"))
    var name: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("The archive to write.", valueName: "file"), completion: .file())
    var output: String

    func run() async throws {
        var options = PackOptions()
        options.command = command
        options.arguments = args
        options.port = port
        options.environment = env.map(\.text)
        options.user = user
        options.workingDirectory = workingDirectory
        options.name = name
        options.newestTime = getenv("SOURCE_DATE_EPOCH").flatMap { Int64(String(cString: $0)) }
        let (directory, output) = (directory, output)
        try await onOwnThread { [options] in try ImagePacker.pack(directory: directory, options: options, to: output) }
        try Output.out("\(output)\n")
    }
}
