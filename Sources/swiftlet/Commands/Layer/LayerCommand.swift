// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

struct LayerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "layer", abstract: "Files that functions share, laid under their /opt.",
        discussion: "Example: swiftlet layer publish colours ./colours && swiftlet function create hello --image hello:1 --layer colours:1",
        subcommands: [
            LayerPublishCommand.self, LayerListCommand.self, LayerVersionsCommand.self, LayerGetCommand.self, LayerDeleteCommand.self,
        ])
}

/// The API's `Layer`.
struct LayerAnswer: Decodable {
    struct Code: Decodable {
        var location: String?
    }

    var layerName: String
    var version: Int
    var layerVersionArn: String
    var description: String?
    var compatibleRuntime: [String]?
    var code: Code?
    var codeSize: Int?
    var codeChecksum: String?
    var createTime: String?
    var acl: String?
    var license: String?

    static func path(_ layer: String, _ rest: String = "/versions") -> String {
        "/2023-03-30/layers/\(HostClient.escape(layer))\(rest)"
    }

    static let header = ["LAYER", "VERSION", "SIZE", "CREATED", "DESCRIPTION"]

    var row: [String] { [layerName, "\(version)", sizeText(codeSize ?? 0), createTime ?? "", description ?? ""] }
}

/// `NAME:VERSION`, as `function create --layer` and the verbs of layers take it.
struct LayerWord: ExpressibleByArgument, Sendable {
    var layer: String
    var version: Int

    init?(argument: String) {
        guard let colon = argument.lastIndex(of: ":"), let version = Int(argument[argument.index(after: colon)...]), version > 0,
            colon > argument.startIndex
        else { return nil }
        layer = String(argument[..<colon])
        self.version = version
    }

    var path: String { LayerAnswer.path(layer, "/versions/\(version)") }
}
