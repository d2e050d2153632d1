// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials

/// The parts of the API's `Function` that people want to see; `--json` shows all.
package struct FunctionAnswer: Decodable {
    struct Container: Decodable {
        struct HealthCheck: Decodable {
            var httpGetUrl: String?
        }

        var image: String?
        var resolvedImageUri: String?
        var entrypoint: [String]?
        var command: [String]?
        var port: Int?
        var healthCheckConfig: HealthCheck?
        var capabilities: [String]?
        var seccompProfile: String?
    }

    struct NameServers: Decodable {
        struct Option: Decodable {
            var name: String
            var value: String?
        }

        var nameServers: [String]?
        var searches: [String]?
        var dnsOptions: [Option]?
    }

    struct Layer: Decodable {
        var arn: String
    }

    var functionName: String
    var description: String?
    var state: String?
    var stateReason: String?
    var memorySize: Int?
    var cpu: Double?
    var timeout: Int?
    var instanceConcurrency: Int?
    var idleTimeout: Int?
    var maxInstances: Int?
    var environmentVariables: [String: String]?
    var createdTime: String?
    var lastModifiedTime: String?
    var lastUpdateStatus: String?
    var lastUpdateStatusReason: String?
    var layers: [Layer]?
    var internetAccess: Bool?
    var customDNS: NameServers?
    var customContainerConfig: Container?

    var isSettled: Bool { state != "Pending" && lastUpdateStatus != "InProgress" }

    var failure: String? {
        if state == "Failed" { return stateReason ?? "the host gives no reason" }
        if lastUpdateStatus == "Failed" { return lastUpdateStatusReason ?? "the host gives no reason" }
        return nil
    }

    package var text: String {
        var table = Table("Name", functionName)
        func row(_ name: String, _ value: String?) {
            if let value, !value.isEmpty { table.add(name, value) }
        }
        row("Description", description)
        row("State", [state, stateReason].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: ": "))
        row("Image", customContainerConfig?.image)
        row("Pinned to", customContainerConfig?.resolvedImageUri)
        row("Command", customContainerConfig?.entrypoint?.joined(separator: " "))
        row("Args", customContainerConfig?.command?.joined(separator: " "))
        row("Port", customContainerConfig?.port.map { "\($0)" })
        row("Health path", customContainerConfig?.healthCheckConfig?.httpGetUrl)
        row("Capabilities", customContainerConfig?.capabilities?.joined(separator: " "))
        row("System calls", customContainerConfig?.seccompProfile.map { "\($0) profile" })
        row("Internet access", internetAccess.map { $0 ? "yes" : "no" })
        row("Name servers", customDNS?.nameServers?.joined(separator: " "))
        row("Searches", customDNS?.searches?.joined(separator: " "))
        row(
            "DNS options",
            customDNS?.dnsOptions?.map { [$0.name, $0.value].compactMap { $0 }.joined(separator: ":") }.joined(separator: " "))
        row("Memory", memorySize.map { "\($0) MB" })
        row("CPU", cpu.map { decimal($0, 2) })
        row("Timeout", timeout.map { "\($0) s" })
        row("Concurrency", instanceConcurrency.map { "\($0)" })
        row("Most instances", maxInstances.map { "\($0)" })
        row("Idle timeout", idleTimeout.map { "\($0) s" })
        for (name, value) in (environmentVariables ?? [:]).sorted(by: { $0.key < $1.key }) { row("Environment", "\(name)=\(value)") }
        for layer in layers ?? [] { row("Layer", layer.arn) }
        row("Created", createdTime)
        row("Modified", lastModifiedTime)
        return table.text
    }

    static func path(_ name: String) -> String { "/2023-03-30/functions/\(HostClient.escape(name))" }

    /// Waits until the host has prepared the image, and says why if it could not.
    static func settled(_ name: String, _ client: HostClient) async throws -> Data {
        while true {
            let data = try await client.data(.get, path(name))
            let function = try JSONDecoder().decode(FunctionAnswer.self, from: data)
            if function.isSettled {
                if let reason = function.failure { throw CommandFailure("function '\(name)' cannot be called: \(reason)") }
                return data
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
