// SPDX-License-Identifier: Apache-2.0

/// The header in which a cold call tells where its time went.
package enum ServerTiming {
    /// The phases of a cold start, in order.
    package static let phases = ["route", "launch", "mounts", "exec", "listen", "healthz", "firstbyte"]

    /// Milliseconds by name: `route;dur=0.05, launch;dur=0.91`.
    ///
    /// Source: W3C Server Timing, section 2.
    package static func parse(_ value: some StringProtocol) -> [String: Double] {
        var durations: [String: Double] = [:]
        for metric in value.split(separator: ",") {
            let parts = metric.split(separator: ";").map { $0.split(separator: " ").joined() }
            guard let name = parts.first, let duration = parts.dropFirst().first(where: { $0.hasPrefix("dur=") }) else { continue }
            durations[name.lowercased()] = Double(duration.dropFirst(4))
        }
        return durations
    }
}
