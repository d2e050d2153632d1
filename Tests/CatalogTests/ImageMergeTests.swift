// SPDX-License-Identifier: Apache-2.0
import Catalog
import FunctionModel
import OCI
import Testing

private let digest = Digest(bytes: [UInt8](repeating: 1, count: 32))
private let key = RunnableVersion.Key(function: "f", version: "LATEST", revision: 1)

private func merge(
    entrypoint: [String]? = nil, command: [String]? = nil, environment: [String: String] = [:], image: ImageConfiguration.Execution?
) throws -> RunnableVersion {
    var configuration = FunctionConfiguration(image: "echo:1")
    configuration.entrypoint = entrypoint
    configuration.command = command
    configuration.environment = environment
    return try RunnableVersion(key: key, configuration: configuration, manifest: digest, layers: [digest], image: image)
}

private func image(entrypoint: [String]? = nil, cmd: [String]? = nil, env: [String]? = nil) -> ImageConfiguration.Execution {
    var execution = ImageConfiguration.Execution()
    execution.entrypoint = entrypoint
    execution.cmd = cmd
    execution.env = env
    return execution
}

@Suite struct ImageMergeTests {
    /// The table of Kubernetes' documentation for command and args, which is also Docker's behaviour.
    @Test(
        arguments: [
            (["E"], ["C"], nil, nil, ["E", "C"]),
            (["E"], ["C"], ["e"], nil, ["e"]),
            (["E"], ["C"], nil, ["c"], ["E", "c"]),
            (["E"], ["C"], ["e"], ["c"], ["e", "c"]),
            (nil, ["C"], nil, nil, ["C"]),
            (nil, ["C"], nil, ["c", "d"], ["c", "d"]),
            (["E", "x"], nil, nil, nil, ["E", "x"]),
            (nil, nil, ["e"], nil, ["e"]),
            (nil, nil, nil, ["c"], ["c"]),
        ] as [([String]?, [String]?, [String]?, [String]?, [String])])
    func entrypointAndCommand(
        _ imageEntrypoint: [String]?, _ cmd: [String]?, _ entrypoint: [String]?, _ command: [String]?, _ result: [String]
    ) throws {
        #expect(
            try merge(entrypoint: entrypoint, command: command, image: image(entrypoint: imageEntrypoint, cmd: cmd)).arguments == result)
    }

    @Test func nothingToRunIsAnError() {
        let error = #expect(throws: ServiceError.self) { try merge(image: nil) }
        #expect(error?.message.contains("customContainerConfig.entrypoint") == true)
        #expect(throws: ServiceError.self) { try merge(image: image(entrypoint: [], cmd: [])) }
    }

    @Test func theFunctionsVariablesWin() throws {
        let merged = try merge(
            environment: ["B": "function", "Z": "", "C": "x=y"],
            image: image(cmd: ["c"], env: ["PATH=/bin", "B=image", "A=image", "A=twice", "=x", "EMPTY"]))
        #expect(merged.environment == ["PATH=/bin", "B=function", "A=twice", "EMPTY=", "C=x=y", "Z="])
    }

    @Test func thereIsAlwaysAPath() throws {
        #expect(try merge(image: image(cmd: ["c"])).environment.contains { $0.hasPrefix("PATH=/usr/local/sbin:") })
    }

    @Test func userAndFolderAreTheImages() throws {
        var execution = image(cmd: ["c"])
        execution.user = "app:web"
        execution.workingDir = "/srv"
        let merged = try merge(image: execution)
        #expect(merged.user == "app:web" && merged.workingDirectory == "/srv" && merged.layers == [digest] && merged.manifest == digest)
    }
}
