// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import AsyncHTTPClient
import NIOHTTP1
import OCI
import Registry

/// With what the host fetches the image that `function create` and `update` name, where it is not here yet and its name has a registry in it.
struct RegistryFields: ParsableArguments {
    @Option(help: ArgumentHelp("The user to fetch the image as; goes with --registry-password-stdin.", valueName: "name"))
    var registryUser: String?

    @Flag(help: "Take that user's password from standard input.")
    var registryPasswordStdin = false

    @Flag(help: "Take any certificate of the registry, or plain HTTP where there is no TLS.")
    var registryInsecure = false

    @Option(
        help: ArgumentHelp("A certificate authority to trust for the registry beside the system's, in PEM.", valueName: "file"),
        completion: .file())
    var registryCa: String?

    func validate() throws {
        guard (registryUser != nil) == registryPasswordStdin else {
            throw ValidationError("--registry-user and --registry-password-stdin go together")
        }
    }

    /// What goes with the request: a login lives as long as the pull that it is for, and only the certificate's part is kept with the function.
    ///
    /// - Returns: nil where there is nothing to say.
    func config(image: String?, _ client: HostClient) async throws -> FunctionBody.Container.Registry? {
        if image == nil, registryUser != nil {
            throw CommandFailure("--registry-user is for fetching an image: name one with --image")
        }
        var config = FunctionBody.Container.Registry()
        if registryInsecure || registryCa != nil {
            config.certConfig = .init(
                insecure: registryInsecure ? true : nil, rootCaCertBase64: try registryCa.map { try RegistryLogin.authority($0) })
        }
        if let image, let known = try await login(for: image, client) {
            guard case .password(let user, let secret) = known.credentials else {
                throw CommandFailure(
                    "the login in \(known.origin) is an identity token, which a function cannot carry: fetch \(image) first, by `swiftlet image pull`"
                )
            }
            config.authConfig = .init(userName: user, password: secret.text)
        }
        return config.authConfig == nil && config.certConfig == nil ? nil : config
    }

    /// An image that is here is not fetched, and `hello:1` is never: then no credential helper is asked.
    private func login(for image: String, _ client: HostClient) async throws -> KnownCredentials? {
        let name: ImageReference
        do { name = try ImageReference(image) } catch { throw CommandFailure(error.description) }
        if registryUser == nil {
            if name.registry == ImageReference.defaultRegistry, !image.hasPrefix("docker.io/") { return nil }
            let found = try await client.send(.get, ImageAnswer.path(image))
            _ = try await HostClient.collect(found)
            if found.status.code == 200 { return nil }
        }
        return try await RegistryLogin.find(for: name, user: registryUser, origin: "--registry-password-stdin")
    }
}
