// SPDX-License-Identifier: Apache-2.0
public import FunctionModel

/// What every request to an instance says about the function that it is.
public enum CommonHeaders {
    /// What a request without a role's credentials says of them.
    public static let noCredentials = credentials(keyID: "", secret: "", token: "")

    /// The credentials of a role. Source of the names, and that they are empty where there is no role: Function Compute contract §7.3.
    public static func credentials(keyID: String, secret: String, token: String) -> [(String, String)] {
        [("x-fc-access-key-id", keyID), ("x-fc-access-key-secret", secret), ("x-fc-security-token", token)]
    }

    /// The credentials that one request to a version has, which is not the gateway's.
    public static func credentials(of version: RunnableVersion, _ options: ActivationOptions) -> [(String, String)] {
        version.configuration.roleInHeaders.map(options.requestCredentials) ?? noCredentials
    }

    /// All but the credentials. Source of names and of what is empty: Function Compute contract §7.3.
    ///
    /// - Parameter qualifier: the alias by which it is called; nil where it is called by its own name.
    public static func of(_ version: RunnableVersion, qualifier: String?, region: String, account: String) -> [(String, String)] {
        let configuration = version.configuration
        let latest = version.key.version == "LATEST"
        return [
            ("x-fc-function-name", version.key.function), ("x-fc-function-handler", configuration.handler),
            ("x-fc-function-memory", String(configuration.memorySize)), ("x-fc-function-timeout", String(configuration.timeout)),
            ("x-fc-region", region), ("x-fc-account-id", account), ("x-fc-qualifier", qualifier ?? version.key.version),
            ("x-fc-version-id", latest ? "" : version.key.version), ("x-fc-service-name", ""), ("x-fc-service-logproject", ""),
            ("x-fc-service-logstore", ""), ("x-fc-retry-count", "0"),
        ]
    }
}
