// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import AsyncHTTPClient
import FunctionModel
import Glibc
import NIOCore

struct ImageLoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load", abstract: "Sends an image archive to the host, which unpacks it.",
        discussion: """
            Takes OCI archives, unpacked OCI layouts and `docker save` archives, compressed or not. Prints the reference and digest of each image.

            Examples:
              swiftlet image load hello.tar --name hello:1
              skopeo copy docker://debian:12 oci-archive:/dev/stdout | swiftlet image load - --name debian:12
            """)

    @Argument(
        help: ArgumentHelp("An archive, a directory with an OCI layout, or - for standard input.", valueName: "file"), completion: .file())
    var file: String

    @Option(help: ArgumentHelp("The reference to load it as; of an archive with several images, the one to take.", valueName: "ref"))
    var name: String?

    @Flag(help: "Keep the layers as they came, so that the images can be exported.")
    var keepBlobs = false

    @Flag(help: "Print the loaded images as JSON.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        let source = try ArchiveSource(path: file)
        try await HostClient.with(host) { client in
            let query = "?keepBlobs=\(keepBlobs)" + (name.map { "&name=\(HostClient.escape($0))" } ?? "")
            let response = try await client.checked(
                .post, "/swiftlet/v1/images\(query)", headers: ["content-type": "application/x-tar"], stream: source.body)
            var display = LoadDisplay(progress: LoadProgress(total: source.size), isTerminal: isatty(STDERR_FILENO) == 1)
            var lines = JSONLines()
            for try await chunk in response.body {
                for line in try lines.append(chunk.readableBytesView) {
                    if try display.show(line) { return try report(line) }
                }
            }
            throw CommandFailure("the host ended the answer before the image was loaded: see what it printed, and load it again")
        }
    }

    private func report(_ line: [String: JSONValue]) throws {
        let images = line["images"]?.array ?? []
        if json { return try Output.out(JSONValue.array(images).text + "\n") }
        for image in images { try Output.out("\(image.object?["reference"]?.string ?? "") \(image.object?["digest"]?.string ?? "")\n") }
    }
}
