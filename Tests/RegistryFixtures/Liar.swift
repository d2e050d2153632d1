// SPDX-License-Identifier: Apache-2.0
import Foundation
import TarFixtures

/// A registry that answers what a test wants (Tests/RegistryFixtures/Programs/liar.py).
package final class Liar: Sendable {
    package struct Answer: Encodable, Sendable {
        var status: Int
        var headers: [String: String]
        var body: String
        var padding: Int
        var echo: Bool

        /// - Parameters:
        ///   - padding: blanks behind the body.
        ///   - echo: whether the login that came is repeated.
        package init(_ body: String, status: Int = 200, headers: [String: String] = [:], padding: Int = 0, echo: Bool = false) {
            self.status = status
            self.headers = headers
            self.body = body
            self.padding = padding
            self.echo = echo
        }
    }

    package let address: String
    /// The certificate of its authority, in PEM; nil where it speaks plain HTTP.
    package let authority: String?
    private let scratch: Scratch
    private let companion: Companion

    /// - Parameter answers: by the end of the path.
    package init(_ answers: [String: Answer], tls: Bool = false) throws {
        scratch = try Scratch()
        if tls { try TestRegistry.makeCertificate(scratch, "tls") }
        authority = tls ? scratch.path + "/tls.pem" : nil
        let file = try scratch.write(Array(try JSONEncoder().encode(answers)), to: "answers.json")
        companion = try Companion(
            "python3",
            ["\(TestRegistry.programs)/liar.py", "--answers", file, "--log", scratch.path + "/log"]
                + (tls ? ["--tls", scratch.path + "/tls"] : []))
        address = "127.0.0.1:\(try companion.wait { Int($0.prefix { $0 != "\n" }) })"
    }

    deinit { companion.end() }

    /// The paths that were asked for.
    package var requests: [String] { lines(of: scratch.path + "/log") }
}
