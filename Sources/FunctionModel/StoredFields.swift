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
        "image", "entrypoint", "command", "port", "healthCheckConfig", "capabilities", "resolvedImageUri", "accelerationInfo",
    ]
    private static let words: [String: [String]] = [
        "disableInjectCredentials": ["None", "Env", "Request", "All"],
        "instanceIsolationMode": ["SHARE"],
        "sessionAffinity": ["NONE"],
    ]
    private static let kinds: [String: String] = [
        "internetAccess": "true or false", "disableOndemand": "true or false", "enableLongLiving": "true or false", "role": "a string",
        "resourceGroupId": "a string", "sessionAffinityConfig": "a string", "disableInjectCredentials": "a string",
        "instanceIsolationMode": "a string", "sessionAffinity": "a string", "logConfig": "an object",
        "instanceLifecycleConfig": "an object",
        "gpuConfig": "an object", "vpcConfig": "an object", "nasConfig": "an object", "ossMountConfig": "an object",
        "polarFsConfig": "an object",
        "juiceFsConfig": "an object", "customDNS": "an object", "tracingConfig": "an object", "microSandboxConfig": "an object",
        "accelerationType": "a string", "acrInstanceId": "a string", "registryConfig": "an object",
        "webServerMode": "true or false",
    ]

    mutating func applyStored(_ reader: FieldReader) throws(ServiceError) {
        try Self.checkMeaning(reader)
        try Self.keep(reader, except: Self.notStored, in: &stored)
    }

    mutating func applyStoredContainer(_ reader: FieldReader) throws(ServiceError) {
        var members = reader.members
        if let registry = members["registryConfig"] { members["registryConfig"] = Self.withoutSecrets(registry) }
        try Self.keep(FieldReader(members, path: reader.path), except: Self.notStoredContainer, in: &storedContainer)
    }

    private static func keep(_ reader: FieldReader, except names: Set<String>, in stored: inout [String: JSONValue]) throws(ServiceError) {
        for (name, value) in reader.members.sorted(by: { $0.key < $1.key }) where !names.contains(name) {
            if let kind = kinds[name], !matches(value, kind) { throw .invalid(reader.field(name), value, "it must be \(kind)") }
            stored[name] = value.isEmpty ? nil : value
        }
        let bytes = JSONValue.object(stored).text.utf8.count
        guard bytes <= FunctionLimits.storedBytes else {
            throw .invalidArgument("\(bytes) bytes of fields that this host only stores; at most \(FunctionLimits.storedBytes) are allowed")
        }
    }

    private static func matches(_ value: JSONValue, _ kind: String) -> Bool {
        switch kind {
        case "true or false": value.bool != nil
        case "a string": value.string != nil
        default: value.object != nil
        }
    }

    /// Refuses what would promise something to the caller that this host does not do, and what no host would take.
    private static func checkMeaning(_ reader: FieldReader) throws(ServiceError) {
        for (name, allowed) in words.sorted(by: { $0.key < $1.key }) {
            guard let value = reader.members[name], !value.isEmpty else { continue }
            guard let word = value.string, allowed.contains(word) else {
                throw .invalid(name, value, "this host takes \(allowed.joined(separator: ", "))")
            }
        }
        if let gpu = reader.members["gpuConfig"], !gpu.isEmpty { throw .invalid("gpuConfig", gpu, "this host gives functions no GPU") }
        if let log = try reader.object("logConfig"), let rule = log.members["logBeginRule"], rule != "None", rule != "DefaultRegex",
            !rule.isEmpty
        {
            throw .invalid("logConfig.logBeginRule", rule, "it must be None or DefaultRegex")
        }
        if let lifecycle = try reader.object("instanceLifecycleConfig") { try LifecycleHook.check(lifecycle) }
    }

    /// The registry's password is neither kept nor echoed: it is in memory until the image comes, and what is not there cannot leak.
    private static func withoutSecrets(_ registry: JSONValue) -> JSONValue {
        guard var members = registry.object, var login = members["authConfig"]?.object else { return registry }
        login["password"] = nil
        members["authConfig"] = .object(login)
        return .object(members)
    }
}
