// SPDX-License-Identifier: Apache-2.0
import Catalog
import FoundationEssentials
import FunctionModel
import OCI

extension BarePlan {
    /// Asks the host what the function's program is, and merges image and function as the host does.
    static func of(_ name: String, body: [UInt8], _ client: HostClient) async throws -> BarePlan {
        let function = try JSONDecoder().decode(FunctionAnswer.self, from: try await client.data(.get, FunctionAnswer.path(name)))
        let container = function.customContainerConfig
        guard let reference = container?.image else { throw CommandFailure("function '\(name)' has no image") }
        let data = try await client.data(.get, ImageAnswer.path(reference))
        let image = try JSONDecoder().decode(Inspected.self, from: data)
        var configuration = FunctionConfiguration(image: reference)
        configuration.entrypoint = container?.entrypoint.flatMap { $0.isEmpty ? nil : $0 }
        configuration.command = container?.command.flatMap { $0.isEmpty ? nil : $0 }
        configuration.port = container?.port ?? configuration.port
        configuration.environment = function.environmentVariables ?? [:]
        let version = try RunnableVersion(
            key: .init(function: name, version: "LATEST", revision: 0), configuration: configuration, manifest: image.digest,
            layers: image.config.rootfs.diffIDs, image: image.config.config)
        guard let state = try await client.json(.get, "/swiftlet/v1/host").object?["stateDir"]?.string else {
            throw CommandFailure("the host does not tell its state directory")
        }
        return BarePlan(
            directory: "\(state)/layers", layers: version.layers.map(\.hex), arguments: version.arguments,
            environment: version.environment + ["PORT=\(configuration.port)", "FC_CUSTOM_LISTEN_PORT=\(configuration.port)"],
            workingDirectory: version.workingDirectory, user: version.user, port: UInt16(clamping: configuration.port), body: body)
    }

    private struct Inspected: Decodable {
        var digest: Digest
        var config: ImageConfiguration
    }
}
