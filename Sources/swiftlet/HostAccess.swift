// SPDX-License-Identifier: Apache-2.0
import Access
import Activation
import Catalog
import FunctionModel
import Logging
import Store

/// Keys, roles, and whether the host may be served without any.
enum HostAccess {
    /// - Throws: ``CommandFailure`` where others reach an address and there is no key.
    static func open(
        _ options: ServeOptions, data: String, store: Store, logger: Logger, now: @escaping @Sendable () -> Timestamp
    ) async throws -> AccessRegister {
        let addresses = [options.listen] + [options.controlListen, options.listenTLS].compactMap { $0 }
        let far = addresses.first { !$0.isLoopback }
        let box = try SecretBox(folder: data)
        let nonces = try NonceLog.open(data: data, boot: HostID.boot(), now: now().milliseconds / 1000) { error in
            logger.error(
                "nonces of signed requests cannot be written down: until 15 minutes after a restart such a request could be sent again",
                metadata: ["error": "\(error)"])
        }
        let authority = AccessAuthority(
            options.insecure ? .never : far == nil ? .withKeys : .always, box: box, nonces: nonces, now: now)
        let register = AccessRegister(store: store, box: box, authority: authority, now: now)
        try await register.start()
        if options.insecure {
            logger.warning("serving without signatures, as --insecure says: whoever reaches the host may do everything")
        } else if try await register.keys().isEmpty {
            if let far {
                throw CommandFailure(
                    "\(far) can be reached by others, and there is no access key: start the host on 127.0.0.1 and make one with `swiftlet key create`, "
                        + "or serve everyone with --insecure")
            }
            logger.notice(
                "there is no access key: whoever reaches \(addresses.map(\.description).joined(separator: " and ")) may do everything; `swiftlet key create` makes one"
            )
        }
        return register
    }
}

extension ListenAddress {
    /// Whether only this machine reaches it.
    var isLoopback: Bool { host == "localhost" || host == "::1" || (host.hasPrefix("127.") && host.split(separator: ".").count == 4) }
}

extension AccessAuthority {
    /// Seconds that the credentials in an instance's environment are valid. They cannot be made anew there; those in the headers of its calls are.
    private static let lifetime: Int64 = 60 * 60

    /// Source of the names: Function Compute contract §7.5.
    func variables(role: String) -> [(String, String)] {
        guard let credentials = credentials(role: role, valid: Self.lifetime) else { return [] }
        return [
            ("ALIBABA_CLOUD_ACCESS_KEY_ID", credentials.keyID), ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", credentials.secret),
            ("ALIBABA_CLOUD_SECURITY_TOKEN", credentials.token),
        ]
    }

    /// Seconds that the credentials in the headers of an asynchronous call or of a hook are valid.
    private static let requestLifetime: Int64 = 15 * 60

    /// Credentials as header fields of one request.
    func fields(role: String) -> [(String, String)] {
        guard let credentials = credentials(role: role, valid: Self.requestLifetime) else { return CommonHeaders.noCredentials }
        return CommonHeaders.credentials(keyID: credentials.keyID, secret: credentials.secret, token: credentials.token)
    }
}
