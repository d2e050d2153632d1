// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import AsyncHTTPClient
import Foundation
import FunctionModel
import NIOHTTP1

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Writes functions, their triggers and domains as a Serverless Devs file, for `apply`.",
        discussion: """
            A registry's password and the private key of a domain's certificate are not in it: the host keeps them to itself. The keys that tokens are checked
            with are in it. A domain is in it where all of its routes lead to functions that are.

            Examples:
              swiftlet export > s.yaml
              swiftlet export hello worker --output s.yaml
            """)

    /// What only the host says of a function.
    private static let ownFields: Set<String> = [
        "functionArn", "functionId", "createdTime", "lastModifiedTime", "codeSize", "codeChecksum", "state", "stateReason",
        "stateReasonCode",
        "lastUpdateStatus", "lastUpdateStatusReason", "lastUpdateStatusReasonCode", "lockInfo", "invocationRestriction", "layers", "tags",
    ]

    @Argument(help: "Names of functions; without any, all.")
    var functions: [String] = []

    @Option(name: [.short, .long], help: ArgumentHelp("Write to this file.", valueName: "file"), completion: .file())
    var output: String?

    @OptionGroup var host: HostOptions

    func run() async throws {
        let document = try await HostClient.with(host) { client in
            var resources: [String: JSONValue] = [:]
            let found =
                functions.isEmpty
                ? try await client.pages("/2023-03-30/functions", "functions")
                : try await functions.asyncMap { try await client.json(.get, FunctionAnswer.path($0)) }
            for function in found {
                guard let members = function.object, let name = members["functionName"]?.string else { continue }
                resources[name] = ["component": "fc3", "props": .object(try await props(members, name, client))]
            }
            let names = Set(resources.keys)
            for domain in try await client.pages(DomainCommand.path, "customDomains") {
                guard let props = domainProps(domain, of: names), let name = props["domainName"]?.string else { continue }
                var resource = "domain-" + name
                while resources[resource] != nil { resource += "-" }
                resources[resource] = ["component": "fc3-domain", "props": .object(props)]
            }
            return JSONValue.object(["edition": "3.0.0", "name": "swiftlet", "resources": .object(resources)])
        }
        let text = try YAMLValue.text(document)
        guard let output else { return try Output.out(text) }
        try await onOwnThread { try Data(text.utf8).write(to: URL(fileURLWithPath: output), options: .atomic) }
    }

    /// - Returns: nil for a domain that leads to other functions too, or to none.
    private func domainProps(_ domain: JSONValue, of functions: Set<String>) -> [String: JSONValue]? {
        let fields: Set<String> = [
            "domainName", "protocol", "routeConfig", "certConfig", "authConfig", "corsConfig", "tlsConfig", "wafConfig",
        ]
        let routes = domain.object?["routeConfig"]?.object?["routes"]?.array ?? []
        guard !routes.isEmpty, routes.allSatisfy({ functions.contains($0.object?["functionName"]?.string ?? "") }) else { return nil }
        var props = (domain.object ?? [:]).filter { fields.contains($0.key) && !$0.value.isEmpty }
        props["region"] = "cn-local"
        return props
    }

    private func props(_ function: [String: JSONValue], _ name: String, _ client: HostClient) async throws -> [String: JSONValue] {
        var props = function.filter { !Self.ownFields.contains($0.key) && !$0.value.isEmpty }
        props["region"] = "cn-local"
        if var container = props["customContainerConfig"]?.object {
            container["resolvedImageUri"] = nil
            container["accelerationInfo"] = nil
            props["customContainerConfig"] = .object(container)
        }
        let layers = (function["layers"]?.array ?? []).compactMap { $0.object?["arn"] }
        if !layers.isEmpty { props["layers"] = .array(layers) }
        let triggers = try await client.pages("\(FunctionAnswer.path(name))/triggers", "triggers")
        if !triggers.isEmpty {
            props["triggers"] = .array(
                try triggers.map { trigger in
                    let members = trigger.object ?? [:]
                    var kept = members.filter {
                        ["triggerName", "triggerType", "qualifier", "description"].contains($0.key) && !$0.value.isEmpty
                    }
                    kept["triggerConfig"] = try members["triggerConfig"]?.string.map { try JSONValue(parsing: $0) } ?? .object([:])
                    return .object(kept)
                })
        }
        let concurrency = try await client.send(.get, "\(FunctionAnswer.path(name))/concurrency")
        let answer = try await HostClient.collect(concurrency)
        if concurrency.status.code == 200, let reserved = try JSONValue(parsing: Array(answer)).object?["reservedConcurrency"] {
            props["concurrencyConfig"] = ["reservedConcurrency": reserved]
        }
        return props
    }
}

extension Array {
    fileprivate func asyncMap<Result>(_ transform: (Element) async throws -> Result) async rethrows -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try await transform(element)) }
        return results
    }
}
