// SPDX-License-Identifier: Apache-2.0
import TarFixtures

/// What stands between the host and a registry (Tests/RegistryFixtures/Programs/front.py).
package final class Front: Sendable {
    package let address: String
    /// The certificate of its authority, in PEM; nil where it speaks plain HTTP.
    package let authority: String?
    private let scratch: Scratch
    private let companion: Companion

    package init(_ registry: TestRegistry, tls: Bool = false, _ options: String...) throws {
        scratch = try Scratch()
        if tls { try TestRegistry.makeCertificate(scratch, "tls") }
        authority = tls ? scratch.path + "/tls.pem" : nil
        companion = try Companion(
            "python3",
            ["\(TestRegistry.programs)/front.py", "--upstream", registry.address, "--log", scratch.path + "/log"]
                + (tls ? ["--tls", scratch.path + "/tls"] : []) + options)
        address = "127.0.0.1:\(try companion.wait { Int($0.prefix { $0 != "\n" }) })"
    }

    deinit { companion.end() }

    /// One a request: who was asked, method, path, range or `-`, `authorization` or `-`.
    package var requests: [String] { lines(of: scratch.path + "/log") }
}
