// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Store

/// What a request's path names. It is read from the raw path: split at `/` first, each segment decoded after, so that a name may hold an encoded `/`.
enum ControlPath: Hashable, Sendable {
    case functions
    case function(String)
    case functionCode(String)
    case invocations(String)
    case versions(String)
    case version(String, of: String)
    case aliases(String)
    case alias(String, of: String)
    case instances(String)
    case invocationSwitch(String, isOn: Bool)
    case concurrency(String)
    case concurrencies
    case capacity(SettingKind, of: String)
    case capacities(SettingKind)
    case triggers(String)
    case trigger(String, of: String)
    case tags
    case regions
    case asyncConfig(String)
    case asyncConfigs
    case asyncTasks(String)
    case asyncTask(String, of: String)
    case asyncTaskStop(String, of: String)
    case domains
    case domain(String)
    case layers
    case layerVersions(String)
    case layerVersion(String, of: String)
    case layerACL(String)
    case layerByARN(String)
    /// A path of the Function Compute API that this host does not have.
    case unsupported
    case images
    case image(String)
    case imageTags(String)
    case imageArchive(String)
    case functionLogs(String)
    case functionInstances(String)
    case coldStarts(String)
    case aliasHistory(String, of: String)
    case aliasRollback(String, of: String)
    case deadLetters
    case deadLetter(String, of: String)
    case deadLetterRedrive
    case deadLetterPurge
    case queue
    case layerCode(String, of: String)
    case object(String, in: String)
    case keys
    case key(String)
    case roles
    case role(String)
    case host
    /// Prometheus text.
    case metrics
    case functionHistory(String)
    /// A page, by the segments behind `/console`.
    case console([String])
    /// No path of either API.
    case unknown

    /// - Parameter path: as it came, without the query.
    /// - Throws: ``ServiceError`` `InvalidArgument` where a segment is no percent-encoded UTF-8.
    init(raw path: some StringProtocol) throws(ServiceError) {
        var segments: [String] = []
        for segment in path.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            guard let text = percentDecoded(segment), !text.utf8.contains(0) else {
                throw .invalidArgument("the path '\(path.prefix(200))' has a segment that is not percent-encoded UTF-8")
            }
            segments.append(text)
        }
        if path.utf8.first != UInt8(ascii: "/") {
            self = .unknown
        } else if segments.first == "2023-03-30" {
            self = Self.functionCompute(Array(segments.dropFirst()))
        } else if segments.first == "console" {
            self = .console(segments.dropFirst().filter { !$0.isEmpty })
        } else if segments == ["metrics"] {
            self = .metrics
        } else if segments.starts(with: ["swiftlet", "v1"]) {
            self = Self.swiftlet(Array(segments.dropFirst(2)))
        } else {
            self = .unknown
        }
    }

    private static func functionCompute(_ segments: [String]) -> ControlPath {
        if segments.contains("") { return .unsupported }
        if segments.count == 1, let path = ofTheHost[segments[0]] { return path }
        if segments == ["async-invoke-configs"] { return .asyncConfigs }
        if segments.count == 2, segments[0] == "custom-domains" { return .domain(segments[1]) }
        if segments.first == "layers" { return layer(segments) }
        // Some clients send the slashes of the resource name as they are.
        if segments.first == "layerarn", segments.count > 1 { return .layerByARN(segments.dropFirst().joined(separator: "/")) }
        guard segments.first == "functions" else { return .unsupported }
        switch segments.count {
        case 1: return .functions
        case 2: return .function(segments[1])
        case 3 where segments[2] == "code": return .functionCode(segments[1])
        case 3 where segments[2] == "invocations": return .invocations(segments[1])
        case 3 where segments[2] == "versions": return .versions(segments[1])
        case 4 where segments[2] == "versions": return .version(segments[3], of: segments[1])
        case 3 where segments[2] == "aliases": return .aliases(segments[1])
        case 4 where segments[2] == "aliases": return .alias(segments[3], of: segments[1])
        case 3 where segments[2] == "instances": return .instances(segments[1])
        case 3 where segments[2] == "concurrency": return .concurrency(segments[1])
        case 3 where segments[2] == "provision-config": return .capacity(.provision, of: segments[1])
        case 3 where segments[2] == "scaling-config": return .capacity(.scaling, of: segments[1])
        case 3 where segments[2] == "triggers": return .triggers(segments[1])
        case 4 where segments[2] == "triggers": return .trigger(segments[3], of: segments[1])
        case 4 where segments[2] == "invoke" && segments[3] == "disable": return .invocationSwitch(segments[1], isOn: false)
        case 4 where segments[2] == "invoke" && segments[3] == "enable": return .invocationSwitch(segments[1], isOn: true)
        case 3 where segments[2] == "async-invoke-config": return .asyncConfig(segments[1])
        case 3 where segments[2] == "async-tasks": return .asyncTasks(segments[1])
        case 4 where segments[2] == "async-tasks": return .asyncTask(segments[3], of: segments[1])
        case 5 where segments[2] == "async-tasks" && segments[4] == "stop": return .asyncTaskStop(segments[3], of: segments[1])
        default: return .unsupported
        }
    }

    /// What is about no function, or about all.
    private static let ofTheHost: [String: ControlPath] = [
        "concurrency-configs": .concurrencies, "tags-v2": .tags, "regions": .regions, "custom-domains": .domains,
        "provision-configs": .capacities(.provision),
        "scaling-configs": .capacities(.scaling),
    ]

    private static func layer(_ segments: [String]) -> ControlPath {
        switch segments.count {
        case 1: .layers
        case 3 where segments[2] == "versions": .layerVersions(segments[1])
        case 3 where segments[2] == "acl": .layerACL(segments[1])
        case 4 where segments[2] == "versions": .layerVersion(segments[3], of: segments[1])
        default: .unsupported
        }
    }

    private static func swiftlet(_ segments: [String]) -> ControlPath {
        guard !segments.contains("") else { return .unknown }
        switch (segments.first, segments.count) {
        case ("host", 1): return .host
        case ("queue", 1): return .queue
        case ("dead-letters", 1): return .deadLetters
        case ("dead-letters", 2) where segments[1] == "redrive": return .deadLetterRedrive
        case ("dead-letters", 2) where segments[1] == "purge": return .deadLetterPurge
        case ("dead-letters", 3): return .deadLetter(segments[2], of: segments[1])
        case ("images", 1): return .images
        case ("keys", 1): return .keys
        case ("keys", 2): return .key(segments[1])
        case ("roles", 1): return .roles
        case ("roles", 2): return .role(segments[1])
        case ("images", 2): return .image(segments[1])
        case ("images", 3) where segments[2] == "tags": return .imageTags(segments[1])
        case ("images", 3) where segments[2] == "archive": return .imageArchive(segments[1])
        case ("functions", 3) where segments[2] == "logs": return .functionLogs(segments[1])
        case ("functions", 3) where segments[2] == "instances": return .functionInstances(segments[1])
        case ("functions", 3) where segments[2] == "cold-starts": return .coldStarts(segments[1])
        case ("functions", 3) where segments[2] == "history": return .functionHistory(segments[1])
        case ("functions", 5) where segments[2] == "aliases" && segments[4] == "history": return .aliasHistory(segments[3], of: segments[1])
        case ("functions", 5) where segments[2] == "aliases" && segments[4] == "rollback":
            return .aliasRollback(segments[3], of: segments[1])
        case ("layers", 5) where segments[2] == "versions" && segments[4] == "code": return .layerCode(segments[3], of: segments[1])
        case ("objects", 3...): return .object(segments.dropFirst(2).joined(separator: "/"), in: segments[1])
        default: return .unknown
        }
    }
}

/// - Returns: nil for a `%` without two hexadecimal digits behind it, and for what is not UTF-8.
func percentDecoded(_ encoded: some Sequence<UInt8>) -> String? {
    var bytes: [UInt8] = []
    var rest = encoded.makeIterator()
    while let byte = rest.next() {
        guard byte == UInt8(ascii: "%") else {
            bytes.append(byte)
            continue
        }
        guard let high = rest.next().flatMap(hexadecimalValue), let low = rest.next().flatMap(hexadecimalValue) else { return nil }
        bytes.append(high << 4 | low)
    }
    return String(validating: bytes, as: UTF8.self)
}

private func hexadecimalValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 48...57: byte - 48
    case 65...70: byte - 55
    case 97...102: byte - 87
    default: nil
    }
}
