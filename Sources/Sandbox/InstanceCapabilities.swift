// SPDX-License-Identifier: Apache-2.0

/// Capabilities that a function may ask for: none of them reaches anything outside of what the instance's own ids own. By default it has none.
/// Source of names and numbers: capabilities(7).
public struct InstanceCapabilities: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// By name, as container tools write them, without `CAP_`.
    public static let named: [String: InstanceCapabilities] = [
        "CHOWN": .init(rawValue: 1 << 0), "DAC_OVERRIDE": .init(rawValue: 1 << 1), "FOWNER": .init(rawValue: 1 << 3),
        "FSETID": .init(rawValue: 1 << 4), "KILL": .init(rawValue: 1 << 5), "SETGID": .init(rawValue: 1 << 6),
        "SETUID": .init(rawValue: 1 << 7),
    ]
    public static let all = InstanceCapabilities(Array(named.values))

    /// Without ids of its own an instance's root has root's number outside: what overrides permissions of files is then left out.
    static let withHostUsers = InstanceCapabilities(["CHOWN", "KILL", "SETGID", "SETUID"].compactMap { named[$0] })

    func mask(ownUsers: Bool) -> UInt64 { UInt64(ownUsers ? rawValue : intersection(Self.withHostUsers).rawValue) }
}
