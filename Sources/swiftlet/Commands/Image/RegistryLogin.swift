// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
import FunctionModel
import Glibc
import OCI
import Registry

/// Whose login a verb sends with a request that makes the host ask a registry.
enum RegistryLogin {
    /// - Parameters:
    ///   - user: whose password is on standard input; nil looks into the caller's Docker configuration and asks its credential helpers.
    ///   - origin: how errors call a login from standard input.
    static func find(for name: ImageReference, user: String?, origin: String) async throws -> KnownCredentials? {
        if let user {
            let input = try await onOwnThread { try readAll(STDIN_FILENO) }
            // As it is typed or written by echo: the line end is none of it.
            let password = String(decoding: input, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).first ?? ""
            guard !password.isEmpty else { throw CommandFailure("standard input has no password") }
            return KnownCredentials(.password(user: user, Secret(String(password))), origin: origin)
        }
        let path = DockerConfiguration.defaultPath(environment: ProcessInfo.processInfo.environment)
        do { return try await CredentialSource(path: path).credentials(for: name.registry, repository: name.repository) } catch let error
            as ServiceError
        { throw CommandFailure(error.message) }
    }

    /// The certificate authority in a file, as the API takes it.
    static func authority(_ path: String) throws -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ArchiveSource.failure(path) }
        defer { close(descriptor) }
        return Data(try readAll(descriptor)).base64EncodedString()
    }

    /// At most 1 MiB.
    private static func readAll(_ descriptor: CInt) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 65536)
        while bytes.count < 1 << 20 {
            let count = read(descriptor, &block, block.count)
            if count < 0 { throw CommandFailure("cannot read: \(String(cString: strerror(errno)))") }
            if count == 0 { break }
            bytes += block[..<count]
        }
        return bytes
    }
}
