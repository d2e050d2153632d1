// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
public import Store

/// A function, or one of its versions, as the API shows it.
public struct FunctionView: Hashable, Sendable {
    public var record: FunctionRecord
    /// The version that was asked for; nil for `LATEST`.
    public var version: VersionRecord?
    public var state: FunctionRoute.State
    /// Set where the function is switched off.
    public var restriction: InvocationRestriction?
    public var host: HostIdentity

    public init(
        record: FunctionRecord, version: VersionRecord?, state: FunctionRoute.State, restriction: InvocationRestriction?, host: HostIdentity
    ) {
        self.record = record
        self.version = version
        self.state = state
        self.restriction = restriction
        self.host = host
    }

    /// The image as the user named it.
    public var image: String { (version?.configuration ?? record.configuration).image }

    /// The object `Function` of the API.
    public var json: JSONValue {
        let configuration = version?.configuration ?? record.configuration
        let manifest = version?.manifest ?? record.manifest
        var members = configuration.json
        var container = members["customContainerConfig"]?.object ?? [:]
        container["resolvedImageUri"] = .string("\(Self.repository(configuration.image))@\(manifest)")
        members["customContainerConfig"] = .object(container)
        members["functionName"] = .string(record.name)
        members["functionId"] = .string(record.id)
        members["functionArn"] = .string(host.functionARN(record.name))
        members["createdTime"] = .string((version?.created ?? record.created).rfc3339)
        members["lastModifiedTime"] = .string((version?.created ?? record.modified).rfc3339)
        members["codeSize"] = 0
        members["codeChecksum"] = .string(manifest.hex)
        members["layers"] = []
        if !record.tags.isEmpty { members["tags"] = FunctionTag.json(record.tags) }
        if let restriction {
            members["invocationRestriction"] = [
                "disable": true, "reason": .string(restriction.reason), "lastModifiedTime": .string(restriction.modified.rfc3339),
            ]
        }
        members["lastUpdateStatus"] = "Successful"
        switch state {
        case .active: members["state"] = "Active"
        case .pending: members["state"] = "Pending"
        case .failed(let reason):
            members["state"] = "Failed"
            members["stateReason"] = .string(reason)
            members["stateReasonCode"] = "ImageNotFound"
        }
        return .object(members)
    }

    /// The reference without tag and digest: a colon behind the last slash begins a tag, one before it a registry's port.
    static func repository(_ reference: String) -> String {
        let name = reference.split(separator: "@", maxSplits: 1).first.map(String.init) ?? reference
        guard let colon = name.lastIndex(of: ":"), !name[colon...].contains("/") else { return name }
        return String(name[..<colon])
    }
}
