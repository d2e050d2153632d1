// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct ObjectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "object", abstract: "Files in the host's object store, from which layers are made.",
        discussion: "Example: swiftlet object put assets layers/fonts.zip fonts.zip",
        subcommands: [ObjectPutCommand.self, ObjectDeleteCommand.self])

    static func path(_ bucket: String, _ object: String) -> String {
        let parts = object.split(separator: "/", omittingEmptySubsequences: false).map { HostClient.escape(String($0)) }
        return "/swiftlet/v1/objects/\(HostClient.escape(bucket))/\(parts.joined(separator: "/"))"
    }
}

struct ObjectPutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "put", abstract: "Sends a file of at most 500 MB to the object store.",
        discussion: "Example: swiftlet object put assets layers/fonts.zip fonts.zip")

    @Argument(help: "The bucket: 3 to 63 lower-case letters, digits and -.")
    var bucket: String

    @Argument(help: "The object's name.")
    var object: String

    @Argument(help: ArgumentHelp("The file, or - for standard input.", valueName: "file"), completion: .file())
    var file: String

    @OptionGroup var host: HostOptions

    func run() async throws {
        let source = try ArchiveSource(path: file)
        try await HostClient.with(host) { client in
            _ = try await client.checked(
                .put, ObjectCommand.path(bucket, object), headers: ["content-type": "application/octet-stream"], stream: source.body)
            try Output.out("\(bucket)/\(object)\n")
        }
    }
}

struct ObjectDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Removes an object; layers that were made from it stay.",
        discussion: "Example: swiftlet object delete assets layers/fonts.zip")

    @Argument(help: "The bucket.")
    var bucket: String

    @Argument(help: "The object's name.")
    var object: String

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            _ = try await client.checked(.delete, ObjectCommand.path(bucket, object))
            try Output.out("\(bucket)/\(object)\n")
        }
    }
}
