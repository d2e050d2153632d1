// SPDX-License-Identifier: Apache-2.0
import AsyncHTTPClient
import FoundationEssentials
import FunctionModel
import NIOHTTP1

/// Compares a file with the host, and makes the host as the file says.
struct Deployment {
    let client: HostClient

    /// What has to be done for one function, in the order in which it can be done.
    func changes(for function: DesiredFunction) async throws -> [DeploymentChange] {
        var fields = function.fields
        if let layers = function.layers { fields["layers"] = .array(try await resourceNames(layers)) }
        let path = FunctionAnswer.path(function.name)
        let current = try await find(path)
        var changes = [DeploymentDifference.function(function.name, fields, current: current)]
        for (setting, wanted) in function.settings.sorted(by: { $0.key < $1.key }) {
            let now = current == nil ? nil : try await find("\(path)/\(setting)")
            changes.append(DeploymentDifference.setting(setting, wanted, of: function.name, current: now))
        }
        for trigger in function.triggers {
            let now = current == nil ? nil : try await find("\(path)/triggers/\(HostClient.escape(trigger.name))")
            if let type = now?["triggerType"]?.string, type != trigger.type {
                throw CommandFailure(
                    "trigger '\(trigger.name)' of function '\(function.name)' is of type \(type), and a type cannot be changed: delete it first"
                )
            }
            changes.append(try DeploymentDifference.trigger(trigger, of: function.name, current: now))
        }
        return changes
    }

    func change(for domain: DesiredDomain) async throws -> DeploymentChange {
        try DeploymentDifference.domain(domain, current: try await find(DomainCommand.path(domain.name)))
    }

    func make(_ change: DeploymentChange) async throws {
        if change.kind == .none { return }
        _ = try await client.data(change.method == .post ? .post : .put, change.path, json: .object(change.body))
    }

    /// The names that this host has for layers, whatever account the file names.
    private func resourceNames(_ layers: [String]) async throws -> [JSONValue] {
        var names: [JSONValue] = []
        for word in layers {
            var layer = LayerWord(argument: word)
            if word.hasPrefix("acs:fc:") {
                let parts = word.split(separator: "/")
                layer = parts.count == 4 && parts[2] == "versions" ? LayerWord(argument: "\(parts[1]):\(parts[3])") : nil
            }
            guard let layer else { throw CommandFailure("'\(word)' names no layer version: write NAME:VERSION, or its resource name") }
            names.append(try await client.json(.get, layer.path).object?["layerVersionArn"] ?? .null)
        }
        return names
    }

    /// - Returns: nil where there is none.
    private func find(_ path: String) async throws -> [String: JSONValue]? {
        let response = try await client.send(.get, path)
        if response.status.code == 404 {
            _ = try await HostClient.collect(response)
            return nil
        }
        guard (200..<300).contains(response.status.code) else { throw try await HostClient.failure(of: response) }
        return try JSONValue(parsing: Array(try await HostClient.collect(response))).object
    }
}
