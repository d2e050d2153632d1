// SPDX-License-Identifier: Apache-2.0

/// What a field that this host only keeps may hold. Clients take an object of another shape for no answer at all, so none is kept.
///
/// Source: CreateFunctionInput of Function Compute API 2023-03-30.
enum StoredShape: Sendable {
    case flag, number, text, texts, objects
    /// An object of any members.
    case members
    /// An object whose members, as far as they are named here, have these shapes.
    case object([String: StoredShape])
    /// A JSON text inside the JSON.
    case jsonText
    case base64
    /// One of these, which are all that this host does something for.
    case word([String])

    static let ofFunction: [String: StoredShape] = [
        "internetAccess": .flag, "disableOndemand": .flag, "enableLongLiving": .flag, "role": .text, "resourceGroupId": .text,
        "sessionAffinityConfig": .jsonText, "disableInjectCredentials": .word(["None", "Env", "Request", "All"]),
        "instanceIsolationMode": .word(["SHARE"]), "sessionAffinity": .word(["NONE"]),
        "instanceLifecycleConfig": .members, "gpuConfig": .members, "microSandboxConfig": .members,
        "logConfig": .object([
            "project": .text, "logstore": .text, "logBeginRule": .word(["None", "DefaultRegex"]), "enableRequestMetrics": .flag,
            "enableInstanceMetrics": .flag, "enableLlmMetrics": .flag,
        ]),
        "vpcConfig": .object(["vpcId": .text, "vSwitchIds": .texts, "securityGroupId": .text, "role": .text]),
        "nasConfig": .object(["userId": .number, "groupId": .number, "mountPoints": .objects]),
        "polarFsConfig": .object(["userId": .number, "groupId": .number, "mountPoints": .objects]),
        "ossMountConfig": .object(["mountPoints": .objects]),
        "juiceFsConfig": .object(["envs": .members, "mountPoints": .objects]),
        "customDNS": .object(["nameServers": .texts, "searches": .texts, "dnsOptions": .objects]),
        "tracingConfig": .object(["type": .text, "params": .members]),
    ]

    static let ofContainer: [String: StoredShape] = [
        "accelerationType": .word(["Default", "None"]), "acrInstanceId": .text, "webServerMode": .flag,
        "registryConfig": .object([
            "authConfig": .object(["userName": .text, "password": .text]),
            "certConfig": .object(["insecure": .flag, "rootCaCertBase64": .base64]),
            "networkConfig": .object(["vpcId": .text, "vSwitchId": .text, "securityGroupId": .text]),
        ]),
    ]

    /// - Throws: ``ServiceError`` 400 `InvalidArgument` that names the field by its whole path.
    func check(_ value: JSONValue, _ field: String) throws(ServiceError) {
        let (fits, rule): (Bool, String) =
            switch self {
            case .flag: (value.bool != nil, "it must be true or false")
            case .number: (value.integer != nil, "it must be a whole number")
            case .text: (value.string != nil, "it must be a string")
            case .texts: (value.array?.allSatisfy { $0.string != nil } ?? false, "it must be a list of strings")
            case .objects: (value.array?.allSatisfy { $0.object != nil } ?? false, "it must be a list of objects")
            case .members, .object: (value.object != nil, "it must be an object")
            case .jsonText: (value.string.map(Self.isJSON) ?? false, "it must be the text of a JSON object")
            case .base64: (value.string.map(Self.isBase64) ?? false, "it must be base64")
            case .word(let words):
                (value == "" || value.string.map(words.contains) ?? false, "this host takes \(words.joined(separator: ", "))")
            }
        guard fits else { throw .invalid(field, value, rule) }
        guard case .object(let shapes) = self, let members = value.object else { return }
        for (name, member) in members.sorted(by: { $0.key < $1.key }) where member != .null {
            try shapes[name]?.check(member, "\(field).\(name)")
        }
    }

    private static func isJSON(_ text: String) -> Bool {
        if text.isEmpty { return true }
        do { return try JSONValue(parsing: text).object != nil } catch { return false }
    }

    private static func isBase64(_ text: String) -> Bool {
        let digits = text.utf8.filter { !($0 == 10 || $0 == 13) }
        let letters = digits.prefix { $0 != UInt8(ascii: "=") }
        return digits.count % 4 == 0 && digits.count - letters.count <= 2
            && digits.dropFirst(letters.count).allSatisfy { $0 == UInt8(ascii: "=") }
            && letters.allSatisfy { (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 43 || $0 == 47 }
    }
}
