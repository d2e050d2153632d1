// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import AsyncHTTPClient
import FoundationEssentials
import FunctionModel
import Glibc
import NIOCore
import OCI
import Registry

struct ImagePullCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Has the host fetch an image from a registry.",
        discussion: """
            Examples:
              swiftlet image pull debian:12
              swiftlet image pull registry.example.org/team/hello:1 --user me --password-stdin <password.txt
              swiftlet image pull localhost:5000/hello:1 --plain-http

            Without --user, the login of `docker login` or `podman login --compat-auth-file` is used: ~/.docker/config.json (DOCKER_CONFIG), with its
            credential helpers, read by this program and sent with the request. The host keeps it only as long as the pull takes.
            """)

    @Argument(help: ArgumentHelp("The image: [registry/]repository[:tag][@digest].", valueName: "ref"))
    var reference: String

    @Option(help: ArgumentHelp("The user to log in as; goes with --password-stdin.", valueName: "name"))
    var user: String?

    @Flag(help: "Take the password from standard input.")
    var passwordStdin = false

    @Flag(name: .customLong("plain-http"), help: "The registry speaks HTTP without TLS.")
    var plainHTTP = false

    @Flag(help: "Take any certificate, or plain HTTP where there is no TLS.")
    var insecure = false

    @Option(help: ArgumentHelp("A certificate authority to trust beside the system's, in PEM.", valueName: "file"), completion: .file())
    var ca: String?

    @Flag(help: "Keep the layers as they came, so that the image can be exported.")
    var keepBlobs = false

    @Flag(help: "Print the pulled image as JSON.")
    var json = false

    @OptionGroup var host: HostOptions

    func validate() throws {
        guard (user != nil) == passwordStdin else { throw ValidationError("--user and --password-stdin go together") }
        if plainHTTP, insecure || ca != nil {
            throw ValidationError("with --plain-http there is no certificate: leave --insecure and --ca out")
        }
    }

    func run() async throws {
        let name: ImageReference
        do { name = try ImageReference(reference) } catch { throw CommandFailure(error.description) }
        var body: [String: JSONValue] = ["reference": .string(reference)]
        for (field, value) in [("plainHTTP", plainHTTP), ("insecure", insecure), ("keepBlobs", keepBlobs)] where value {
            body[field] = true
        }
        if let ca { body["rootCaCertBase64"] = .string(try RegistryLogin.authority(ca)) }
        body["auth"] = try await RegistryLogin.find(for: name, user: user, origin: "--password-stdin").map(Self.json)
        let text = JSONValue.object(body).text
        try await HostClient.with(host) { client in
            let response = try await client.checked(
                .post, "/swiftlet/v1/images/pull", headers: ["content-type": "application/json"], content: Data(text.utf8))
            var display = PullDisplay(isTerminal: isatty(STDERR_FILENO) == 1)
            var lines = JSONLines()
            for try await chunk in response.body {
                for line in try lines.append(chunk.readableBytesView) {
                    if try display.show(line) { return try report(line) }
                }
            }
            throw CommandFailure("the host ended the answer before the image was pulled: see what it printed, and pull it again")
        }
    }

    private static func json(_ known: KnownCredentials) -> JSONValue {
        switch known.credentials {
        case .password(let user, let secret):
            ["userName": .string(user), "password": .string(secret.text), "origin": .string(known.origin)]
        case .identityToken(let secret): ["identityToken": .string(secret.text), "origin": .string(known.origin)]
        }
    }

    private func report(_ line: [String: JSONValue]) throws {
        let images = line["images"]?.array ?? []
        if json { return try Output.out(JSONValue.array(images).text + "\n") }
        for image in images { try Output.out("\(image.object?["reference"]?.string ?? "") \(image.object?["digest"]?.string ?? "")\n") }
    }
}
