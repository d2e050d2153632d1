// SPDX-License-Identifier: Apache-2.0
internal import FunctionModel
internal import Sandbox

/// Builds what the launcher is asked for from a version.
enum InstanceEnvironment {
    /// Source of the variables: Function Compute contract §7.5; `PORT` is what most web frameworks read.
    ///
    /// - Parameter own: variables of this instance alone.
    static func spec(
        _ id: InstanceID, _ version: RunnableVersion, _ options: ActivationOptions, own: [(String, String)] = []
    ) -> InstanceSpec {
        let configuration = version.configuration
        let memory = UInt64(configuration.memorySize) << 20
        var spec = InstanceSpec(
            id: id, layers: version.layers, arguments: version.arguments, environment: environment(id, version, options, own),
            workingDirectory: version.workingDirectory, user: version.user, hostname: id.text,
            limits: InstanceLimits(
                memory: memory, milliCPU: UInt32((configuration.cpu * 1000).rounded()), temporary: UInt64(configuration.diskSize) << 20),
            port: UInt16(clamping: configuration.port))
        if own.isEmpty { spec.owner = "\(version.key.function)/\(version.key.version)/\(version.key.revision)" }
        spec.capabilities = InstanceCapabilities(configuration.capabilities.compactMap { InstanceCapabilities.named[$0] })
        spec.profile = SystemCallProfile(rawValue: configuration.seccompProfile) ?? .strict  // Of a newer Swiftlet: rather too little.
        if configuration.internetAccess, options.internetAccess { spec.internet = configuration.nameService }
        return spec
    }

    private static func environment(
        _ id: InstanceID, _ version: RunnableVersion, _ options: ActivationOptions, _ extra: [(String, String)]
    ) -> [String] {
        let configuration = version.configuration
        let own =
            extra + [
                ("FC_FUNC_CODE_PATH", "/code/"), ("FC_FUNCTION_NAME", version.key.function), ("FC_FUNCTION_HANDLER", configuration.handler),
                ("FC_FUNCTION_MEMORY_SIZE", String(configuration.memorySize)), ("FC_REGION", options.region),
                ("FC_ACCOUNT_ID", options.accountID),
                ("FC_CUSTOM_LISTEN_PORT", String(configuration.port)), ("FC_INSTANCE_ID", id.text),
                ("FC_FUNCTION_VERSION", version.key.version),
                ("FC_VER_ID", version.key.version), ("FC_HANDLER", configuration.handler), ("FC_SERVER_PORT", String(configuration.port)),
            ]
        let credentials = configuration.roleInEnvironment.map(options.credentials) ?? []
        let names = Set((own + credentials).map(\.0))
        func name(_ variable: String) -> String { String(variable.prefix { $0 != "=" }) }
        var result = version.environment.filter { !names.contains(name($0)) }
        // Whoever sets PORT means it; the reserved names are the host's alone.
        if !result.contains(where: { name($0) == "PORT" }) { result.append("PORT=\(configuration.port)") }
        return result + (own + credentials).map { "\($0.0)=\($0.1)" }
    }
}
