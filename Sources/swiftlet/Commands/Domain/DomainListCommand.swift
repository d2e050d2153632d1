// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FoundationEssentials
import FunctionModel

struct DomainListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the domains of the host.", discussion: "Example: swiftlet domain list")

    @Flag(help: "Print them as one JSON array.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            let text = JSONValue.array(try await client.pages(DomainCommand.path, "customDomains")).text
            if json { return try Output.out(text + "\n") }
            var table = Table("DOMAIN", "ROUTES")
            for domain in try JSONDecoder().decode([DomainAnswer].self, from: Data(text.utf8)) {
                let routes = (domain.routeConfig?.routes ?? []).map { "\($0.path)=\($0.functionName)@\($0.qualifier ?? "LATEST")" }
                table.add(domain.domainName, routes.joined(separator: " "))
            }
            try Output.out(table.text)
        }
    }
}
