// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
public import Images
import OCI
import Registry
import Synchronization

/// Brings images that functions name from their registries.
///
/// The login of a function is in memory only, from the request that brought it until the pull that it was for begins.
public final class RegistryPreparation: ImagePreparation {
    private let images: ImageLibrary
    private let logins = Mutex<[String: KnownCredentials]>([:])

    public init(images: ImageLibrary) { self.images = images }

    /// Only a name that has a registry in it is asked for there: `hello:1` means an image of this host, and a typing error in it is told at once.
    public func mustBring(_ reference: String, isHere: Bool) -> Bool {
        guard !isHere else { return false }
        if reference.hasPrefix("docker.io/") { return true }
        do { return try ImageReference(reference).registry != ImageReference.defaultRegistry } catch { return false }
    }

    public func entrust(_ input: [String: JSONValue], of function: String) {
        let login = input["customContainerConfig"]?.object?["registryConfig"]?.object?["authConfig"]?.object ?? [:]
        guard let user = login["userName"]?.string, let password = login["password"]?.string, !user.isEmpty, !password.isEmpty else {
            return
        }
        logins.withLock {
            $0[function] = KnownCredentials(.password(user: user, Secret(password)), origin: "registryConfig of the function")
        }
    }

    public func bring(_ reference: String, for configuration: FunctionConfiguration, of function: String) async throws {
        let login = logins.withLock { $0.removeValue(forKey: function) }
        let certificate = configuration.storedContainer["registryConfig"]?.object?["certConfig"]?.object ?? [:]
        var access = RegistryAccess(credentials: login)
        if certificate["insecure"] == true { access.security = .unverified }
        if let authority = certificate["rootCaCertBase64"], !authority.isEmpty {
            access.authorities = try RegistryAccess.authorities(base64: authority)
        }
        try await images.pull(reference, access: access)
    }
}
