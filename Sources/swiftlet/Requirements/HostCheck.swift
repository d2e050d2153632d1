// SPDX-License-Identifier: Apache-2.0

/// One thing that was looked at on a machine: what was found, what it means for the host, and how to mend it.
package struct HostCheck: Hashable, Sendable, Encodable {
    package enum Verdict: String, Hashable, Sendable, Encodable {
        case ok
        /// The host runs, and something is worse than it could be.
        case warning
        /// The host does not start.
        case failed
    }

    /// One word, by which a refusal names it.
    package var name: String
    package var verdict: Verdict
    package var found: String
    /// What the host needs it for.
    package var meaning: String
    /// Nil where nothing is to be mended.
    package var mend: String?

    package init(_ name: String, _ verdict: Verdict, found: String, meaning: String, mend: String) {
        self.name = name
        self.verdict = verdict
        self.found = found
        self.meaning = meaning
        self.mend = verdict == .ok ? nil : mend
    }
}
