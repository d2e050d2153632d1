// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
public import Store

/// A function, or one of its versions, as the API shows it.
public struct FunctionView: Hashable, Sendable {
    public var record: FunctionRecord
    /// The version that was asked for; nil for `LATEST`.
    public var version: VersionRecord?
    /// What the function is to become when its image is here; or would have, where the image did not come.
    public var preparation: PreparationRecord?
    public var state: FunctionRoute.State
    /// Whether calls still go to the state before.
    public var isSwitching = false
    /// Set where the function is switched off.
    public var restriction: InvocationRestriction?
    public var host: HostIdentity

    public init(
        record: FunctionRecord, version: VersionRecord?, preparation: PreparationRecord?, state: FunctionRoute.State,
        restriction: InvocationRestriction?, host: HostIdentity
    ) {
        self.record = record
        self.version = version
        self.preparation = preparation
        self.state = state
        self.restriction = restriction
        self.host = host
    }

    /// The image as the user named it.
    public var image: String { (version?.configuration ?? record.configuration).image }

    /// The object `Function` of the API. While an update is on its way it shows what the function is to become.
    public var json: JSONValue {
        let coming = version == nil && preparation?.failure == nil ? preparation?.configuration : nil
        let configuration = version?.configuration ?? coming ?? record.configuration
        let manifest = version?.manifest ?? (coming == nil ? record.manifest : nil)
        var members = configuration.json
        if let manifest {
            var container = members["customContainerConfig"]?.object ?? [:]
            container["resolvedImageUri"] = .string("\(Self.repository(configuration.image))@\(manifest)")
            members["customContainerConfig"] = .object(container)
        }
        members["functionName"] = .string(record.name)
        members["functionId"] = .string(record.id)
        members["functionArn"] = .string(host.functionARN(record.name))
        members["createdTime"] = .string((version?.created ?? record.created).rfc3339)
        members["lastModifiedTime"] = .string((version?.created ?? record.modified).rfc3339)
        members["codeSize"] = 0
        members["codeChecksum"] = .string(manifest?.hex ?? "")
        if !record.tags.isEmpty { members["tags"] = FunctionTag.json(record.tags) }
        if let restriction {
            members["invocationRestriction"] = [
                "disable": true, "reason": .string(restriction.reason), "lastModifiedTime": .string(restriction.modified.rfc3339),
            ]
        }
        return .object(
            members.merging(version == nil ? updateStatus : ["lastUpdateStatus": "Successful"]) { $1 }.merging(stateMembers) { $1 })
    }

    private var updateStatus: [String: JSONValue] {
        switch preparation {
        case nil where isSwitching:
            [
                "lastUpdateStatus": "InProgress", "lastUpdateStatusReason": "an instance of the new state is being started",
                "lastUpdateStatusReasonCode": "InstanceStarting",
            ]
        case nil: ["lastUpdateStatus": "Successful"]
        case .some(let coming):
            if let failure = coming.failure {
                [
                    "lastUpdateStatus": "Failed", "lastUpdateStatusReason": .string(failure),
                    "lastUpdateStatusReasonCode": "ImagePreparationFailed",
                ]
            } else {
                [
                    "lastUpdateStatus": "InProgress",
                    "lastUpdateStatusReason": .string("image '\(coming.configuration.image)' is on its way"),
                    "lastUpdateStatusReasonCode": "ImagePreparing",
                ]
            }
        }
    }

    private var stateMembers: [String: JSONValue] {
        switch state {
        case .active: ["state": "Active"]
        case .pending: ["state": "Pending", "stateReason": "its image is on its way", "stateReasonCode": "ImagePreparing"]
        case .failed(let reason):
            [
                "state": "Failed", "stateReason": .string(reason),
                "stateReasonCode": record.manifest == nil ? "ImagePreparationFailed" : "ImageNotFound",
            ]
        }
    }

    /// The reference without tag and digest: a colon behind the last slash begins a tag, one before it a registry's port.
    static func repository(_ reference: String) -> String {
        let name = reference.split(separator: "@", maxSplits: 1).first.map(String.init) ?? reference
        guard let colon = name.lastIndex(of: ":"), !name[colon...].contains("/") else { return name }
        return String(name[..<colon])
    }
}
