// SPDX-License-Identifier: Apache-2.0

/// The fields that a host without cloud services around it keeps and echoes.
extension FunctionConfiguration {
    /// Fields with a meaning here, and those that only the service itself writes: neither is kept as a stored field.
    private static let notStored: Set<String> = [
        "functionName", "runtime", "handler", "description", "timeout", "instanceConcurrency", "idleTimeout", "maxInstances", "diskSize",
        "cpu",
        "memorySize", "environmentVariables", "customContainerConfig", "code", "customRuntimeConfig", "layers", "tags",
        "functionArn", "functionId", "createdTime", "lastModifiedTime", "codeSize", "codeChecksum", "state", "stateReason",
        "stateReasonCode",
        "lastUpdateStatus", "lastUpdateStatusReason", "lastUpdateStatusReasonCode", "lockInfo", "invocationRestriction",
    ]
    private static let notStoredContainer: Set<String> = [
        "image", "entrypoint", "command", "port", "healthCheckConfig", "capabilities", "seccompProfile", "resolvedImageUri",
        "accelerationInfo",
    ]

    mutating func applyStored(_ reader: FieldReader) throws(ServiceError) {
        try Self.checkMeaning(reader)
        try Self.keep(reader, except: Self.notStored, StoredShape.ofFunction, in: &stored)
    }

    mutating func applyStoredContainer(_ reader: FieldReader) throws(ServiceError) {
        var members = reader.members
        if let registry = members["registryConfig"] {
            try StoredShape.ofContainer["registryConfig"]?.check(registry, reader.field("registryConfig"))
        }
        if let registry = members["registryConfig"] { members["registryConfig"] = Self.withoutSecrets(registry) }
        try Self.keep(
            FieldReader(members, path: reader.path), except: Self.notStoredContainer, StoredShape.ofContainer, in: &storedContainer)
    }

    private static func keep(
        _ reader: FieldReader, except names: Set<String>, _ shapes: [String: StoredShape], in stored: inout [String: JSONValue]
    ) throws(ServiceError) {
        for (name, value) in reader.members.sorted(by: { $0.key < $1.key }) where !names.contains(name) {
            try shapes[name]?.check(value, reader.field(name))
            stored[name] = value.isEmpty ? nil : value
        }
        let bytes = JSONValue.object(stored).text.utf8.count
        guard bytes <= FunctionLimits.storedBytes else {
            throw .invalidArgument("\(bytes) bytes of fields that this host only stores; at most \(FunctionLimits.storedBytes) are allowed")
        }
    }

    /// Refuses what would promise something to the caller that this host does not do.
    private static func checkMeaning(_ reader: FieldReader) throws(ServiceError) {
        if let gpu = reader.members["gpuConfig"], !gpu.isEmpty { throw .invalid("gpuConfig", gpu, "this host gives functions no GPU") }
        if let lifecycle = try reader.object("instanceLifecycleConfig") { try LifecycleHook.check(lifecycle) }
        if let names = try reader.object("customDNS") { _ = try NameService(names) }
    }

    /// The registry's password is neither kept nor echoed: it is in memory until the image comes, and what is not there cannot leak.
    private static func withoutSecrets(_ registry: JSONValue) -> JSONValue {
        guard var members = registry.object, var login = members["authConfig"]?.object else { return registry }
        login["password"] = nil
        members["authConfig"] = .object(login)
        return .object(members)
    }
}
