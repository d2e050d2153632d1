// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import AsyncHTTPClient
import FoundationEssentials
import FunctionModel
import Glibc

struct LayerPublishCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish", abstract: "Makes the next version of a layer from a folder or a zip.",
        discussion: """
            What is in the folder comes under /opt of every function that names the layer. Prints NAME:VERSION.

            Examples:
              mkdir -p colours/python && pip install --target colours/python webcolors
              swiftlet layer publish colours ./colours --description 'names of colours'
              swiftlet layer publish fonts fonts.zip
              swiftlet layer publish fonts --bucket assets --object layers/fonts.zip
            """)

    @Argument(help: "The layer's name: letters, digits, _ and -.")
    var name: String

    @Argument(help: ArgumentHelp("A folder, or a zip.", valueName: "path"), completion: .file())
    var path: String?

    @Option(help: "With --object in place of a path: a bucket of the host's object store.")
    var bucket: String?

    @Option(help: "The name of a zip in the bucket.")
    var object: String?

    @Option(help: "A text for people.")
    var description: String?

    @Option(help: "The licence of what is in it.")
    var license: String?

    @Flag(help: "Print the layer version as JSON.")
    var json = false

    @OptionGroup var host: HostOptions

    func validate() throws {
        guard (path != nil) != (bucket != nil && object != nil), (bucket == nil) == (object == nil) else {
            throw ValidationError("give a folder or a zip, or --bucket and --object")
        }
    }

    func run() async throws {
        var input: [String: JSONValue] = ["compatibleRuntime": ["custom-container"]]
        input["description"] = description.map { .string($0) }
        input["license"] = license.map { .string($0) }
        if let bucket, let object { input["code"] = ["ossBucketName": .string(bucket), "ossObjectName": .string(object)] }
        let zip = try await path.asyncMap { try await ZipSource(path: $0) }
        try await HostClient.with(host) { client in
            let data: Data
            if let zip {
                let body = try zip.body(input)
                data = try await HostClient.collect(
                    try await client.checked(.post, LayerAnswer.path(name), headers: ["content-type": "application/json"], stream: body))
            } else {
                data = try await client.data(.post, LayerAnswer.path(name), json: .object(input))
            }
            if json { return try Output.json(data) }
            let answer = try JSONDecoder().decode(LayerAnswer.self, from: data)
            try Output.out("\(answer.layerName):\(answer.version)\n")
        }
    }
}

extension Optional {
    fileprivate func asyncMap<Result>(_ transform: (Wrapped) async throws -> Result) async rethrows -> Result? {
        guard let self else { return nil }
        return try await transform(self)
    }
}
