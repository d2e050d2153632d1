// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Glibc

/// Where the host is. Every verb but `serve` has it.
struct HostOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The host's address.", discussion: "Default: SWIFTLET_HOST, else http://127.0.0.1:8080.", valueName: "url"))
    var host: String?

    var url: String {
        let named = host ?? getenv("SWIFTLET_HOST").map { String(cString: $0) } ?? ""
        var url = named.isEmpty ? "http://127.0.0.1:8080" : named
        if !url.contains("://") { url = "http://\(url)" }
        while url.hasSuffix("/") { url.removeLast() }
        return url
    }

    func validate() throws {
        guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
            throw ValidationError("the host '\(url)' is no http URL; give for example --host http://127.0.0.1:8080")
        }
    }
}
